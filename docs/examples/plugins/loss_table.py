"""A callback: a line of CSV for each step, beside the metrics."""


class LossTable:
    """Any of the methods of trainer.monitor.callbacks.Callback may be left out."""

    def on_start(self, run, step):
        self._file = (run.train_folder / "losses.csv").open("a", encoding="utf-8")

    def step(self, record, throughput):
        print(record["step"], record["stage"], record["loss"], sep=",", file=self._file)

    def close(self):
        self._file.close()
