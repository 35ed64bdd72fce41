"""Rules left out, one at a time: what the schedules must find."""

from tests.cloud.simulation.modules import Mutation

MUTATIONS = {
    # state.py
    "a result that is older is applied": Mutation("state", "or seq <= self._seqs[key]:", ":"),
    "a result of another epoch is applied": Mutation("state", "or epoch != self.epoch ", ""),
    "an older snapshot is applied": Mutation("state", "elif snapshot.seq < self.state_seq:", "elif False:"),
    "an event older than its endpoint's state is applied": Mutation(
        "state", "elif event.seq > self._seqs[key] and", "elif"
    ),
    "an event older than the snapshot is applied": Mutation(
        "state", "is_new = event.seq > self.state_seq", "is_new = True"
    ),
    "a snapshot overwrites a newer state": Mutation(
        "state", "type(known) is type(endpoint.state) and seq <=", "False and seq <="
    ),
    "hints from before the snapshot of a new epoch are lost": Mutation("state", "= bool(self.epoch)", "= False"),
    "hints that the stream has missed are lost": Mutation(
        "connection",
        "_on_changes(changes)\n            if changes.missed_events:",
        "_on_changes(changes)\n            if False:",
    ),
    "seqs of endpoints outlive the epoch": Mutation("state", "self._seqs = dict.fromkeys(self.endpoints, -1)", "pass"),
    "a doubled event is applied": Mutation("state", "if event.seq <= self.stream_seq:", "if False:"),
    "a snapshot moves the stream's position": Mutation(
        "state", "self.state_seq = snapshot.seq", "self.state_seq = self.stream_seq = snapshot.seq"
    ),
    "a gap is ignored": Mutation("state", "if event.seq > held + 1:", "if False:"),
    "a heartbeat that is ahead is ignored": Mutation(
        "state", "            is_known = seq <= self.state_seq", "            is_known = True"
    ),
    "a hello of another epoch is ignored": Mutation("state", "frame.epoch == self.epoch and", ""),
    "old presses are told": Mutation("state", "<= PRESS_AGE_S", "<= 6 * PRESS_AGE_S"),
    "presses age while the stream is open": Mutation("state", "now - self._hello_at - ", "-"),
    "an event that cannot be applied is ignored": Mutation(
        "state", "case InvalidEvent():\n                self.dirty = True", "case InvalidEvent():\n                pass"
    ),
    # connection.py
    "the hello is taken for younger": Mutation(
        "connection", "now if isinstance(frame, HelloFrame) else self._loop.time()", "self._loop.time()"
    ),
    "a dirty state asks for changes only": Mutation(
        "connection", "None if state.dirty or state.state_seq < 0", "None if state.state_seq < 0"
    ),
    "a dirty state is left so": Mutation("connection", "if self.state.dirty and", "if False and"),
    "a gap is not repaired": Mutation("connection", "if needed is not None:", "if False:"),
    "a repair ends with an old snapshot": Mutation("connection", "if self.state.state_seq >= needed and", "if"),
    "results are not shown": Mutation(
        "connection", "self.state.apply_result(", "Changes() or self.state.apply_result("
    ),
    "a snapshot of an epoch that is over is applied": Mutation(
        "connection", " and state.epoch in (epoch, snapshot.epoch)", ""
    ),
    "a stream of another epoch goes on": Mutation(
        "connection", "self._stream_epoch not in (None, state.epoch)", "False"
    ),
    "the stream resumes at the state's position": Mutation(
        "connection", "self.state.epoch, self.state.stream_seq)", "self.state.epoch, self.state.state_seq)"
    ),
    "the stream is opened before Retry-After is over": Mutation(
        "connection", "failures, _retry_after(err), ", "failures, 0, "
    ),
    # commands.py
    "a repeat has another order": Mutation(
        "commands",
        "        while True:\n            wanted =",
        "        while True:\n            self._order += 1\n            wanted =",
    ),
    "fewer commands are sent under the same order": Mutation(
        "commands", "self._sending = wanted\n                self._order += 1", "self._sending = wanted"
    ),
    "a command is sent after its callers have gone": Mutation(
        "commands", "not future.done() and now < deadline", "True"
    ),
    "a superseded request is given up": Mutation("commands", "if not is_retried and", "if False and"),
    "a superseded request is repeated in the same run": Mutation(
        "commands", "self._run, self._order = str(uuid.uuid4()), 1", "self._order += 1"
    ),
    "a set replaces one of other fields": Mutation("commands", "<= self.fields.keys()", "!= set()"),
    "a set replaces one of another endpoint": Mutation("commands", "or self.key != earlier.key", ""),
    "replaced callers are forgotten": Mutation(
        "commands", "pending.waiters = earlier.waiters + pending.waiters", "pass"
    ),
    "a replacing set takes the place of the earlier": Mutation(
        "commands", "self._waiting.append(pending)", "self._waiting.insert(0, pending)"
    ),
    "two requests at once": Mutation("commands", "if self._worker is None:", "if True:"),
    "callers wait for what cannot come in time": Mutation(
        "commands", "if deadline <= until and", "if until == math.inf and"
    ),
    "an error ends the wait of everybody": Mutation(
        "commands", "_fail(wanted, err, until=until)", "_fail(wanted, err)"
    ),
    "a rejection is a success": Mutation("commands", "if err := _error(result):", "if False:"),
}
