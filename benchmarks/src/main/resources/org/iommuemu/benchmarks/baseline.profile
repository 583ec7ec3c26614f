# The rows of the committed baseline. A line: pattern, then parameters as JMH's command line has them.
YardstickBenchmark.probe -p entries=64,4096,65536
YardstickBenchmark.chase
FloorBenchmark
HitBenchmark.oneStream -p entries=64,4096,65536
HitBenchmark.manyStreams
MissBenchmark -p walkEntries=4096
MissBenchmark -p walkEntries=64 -p pages=65536 -p order=SHUFFLED
NestedBenchmark
ConfigurationBenchmark
PasidBenchmark
FaultBenchmark
InvalidationBenchmark -p architecture=SMMUV3,VTD_SCALABLE
AtsBenchmark
ScaleBenchmark.(hit|miss) -p inUse=64,65536 -p spread=ONE_STREAM,MANY_STREAMS
ScaleBenchmark.chasePages
TimingBenchmark
EventQueueBenchmark.hold -p increment=EXPONENTIAL -p pending=1024 -p queue=CALENDAR,LOOP,JDK_OBJECTS
EventQueueBenchmark.wheel -p increment=EXPONENTIAL -p pending=1024
ResourceBenchmark -p inOrder=true
TraceReplayBenchmark.read -p tenants=64 -w 1500ms -r 1500ms
TraceReplayBenchmark.(functional|timed) -w 1500ms -r 1500ms
