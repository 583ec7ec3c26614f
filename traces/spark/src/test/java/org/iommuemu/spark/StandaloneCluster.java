// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A standalone master and its workers, of one core each, on ports that are free. */
final class StandaloneCluster implements AutoCloseable {
    private final LoggedProcess master;
    private final String url;
    private final List<LoggedProcess> workers = new ArrayList<>();
    private final Path folder;

    StandaloneCluster(Path folder, int workers) throws IOException, InterruptedException {
        this.folder = folder;
        master = SparkHome.start(
                "master",
                folder,
                "org.apache.spark.deploy.master.Master",
                List.of("--host", "127.0.0.1", "--port", "0", "--webui-port", "0"));
        url = master.await("Starting Spark master at (spark://\\S+)");
        for (int i = 0; i < workers; i++) {
            addWorker();
        }
        for (LoggedProcess worker : this.workers) {
            worker.await("(Successfully registered with master)");
        }
    }

    private void addWorker() throws IOException {
        String name = "worker-" + (workers.size() + 1);
        workers.add(SparkHome.start(
                name,
                folder,
                "org.apache.spark.deploy.worker.Worker",
                List.of(
                        "--host",
                        "127.0.0.1",
                        "--webui-port",
                        "0",
                        "--cores",
                        "1",
                        "--memory",
                        "1g",
                        "--work-dir",
                        folder.resolve(name).toString(),
                        url)));
    }

    String url() {
        return url;
    }

    /** Kills a worker and its executor. */
    void kill(int worker) {
        workers.get(worker).close();
    }

    @Override
    public void close() {
        workers.forEach(LoggedProcess::close);
        master.close();
    }
}
