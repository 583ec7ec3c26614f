# Every benchmark, as small as it comes. A line: pattern, then parameters as JMH's command line has them.
AtsBenchmark
ConfigurationBenchmark
EventQueueBenchmark -p pending=16
FaultBenchmark
FloorBenchmark.hit -p entries=64,4096
FloorBenchmark.miss -p pages=512
FloorBenchmark.nestedMiss
FloorBenchmark.fault
HitBenchmark.oneStream -p entries=64,4096
HitBenchmark.manyStreams
InvalidationBenchmark -p entries=64,4096
MissBenchmark -p pages=512,65536 -p walkEntries=64,4096
NestedBenchmark.hit
NestedBenchmark.miss -p pages=4096
PasidBenchmark
ResourceBenchmark
ScaleBenchmark.(hit|miss) -p inUse=64 -p spread=ONE_STREAM
ScaleBenchmark.chasePages
TimingBenchmark
TraceReplayBenchmark.read -p tenants=64
TraceReplayBenchmark.(functional|timed) -p tenants=64
YardstickBenchmark.probe -p entries=64
YardstickBenchmark.chase -p words=512
