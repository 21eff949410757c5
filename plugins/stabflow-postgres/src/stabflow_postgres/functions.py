"""The functions in the database: an append, and what is done with a notice, is one statement and so one round trip.

Each takes its advisory locks first, in the order in which the caller gives them (by number, so that nobody waits in a circle),
and only then its transaction number and its snapshots: so along a stream, positions rise with versions. A transaction of a
host that has written before has an earlier number, and draws a fresh one for each append. A lock stands for a
stream, written to or relied upon, which need not have a row yet, or for a lane of the outbox. Locks are held until the commit, on
standbys too, is done.

They answer with numbers; what they raise means that nothing was done.
"""

from __future__ import annotations

WRITTEN, REPLAYED, MISMATCH, CONFLICT, OTHER_EPOCH = 0, 1, 2, 3, 4
"""The first number that ``append`` answers. After REPLAYED come the first and the last version; after CONFLICT what stands
elsewhere (0: the stream's own version, 1: its own head, 2: the other stream relied upon, 3 …: those of the rest), and at which
version."""

ORDINALS = 20
"""So many bits of a position count the records within a transaction."""


def is_head(stream: str, version: str, hash_: str, s: str) -> str:
    """The expression that is true where ``stream`` ends at ``version`` with ``hash_`` (no version 0 and no hash: where there is
    none). It finds the last record by its key, without going through those before it."""
    return (
        f"coalesce((SELECT version = {version} AND hash = {hash_} FROM {s}.records WHERE stream = {stream}"
        f" AND version >= {version} ORDER BY version DESC LIMIT 1), {version} = 0 AND {hash_} IS NULL)"
    )


_APPEND = f"""
DECLARE
  first_position bigint; refused bigint[]; nothing text;
BEGIN
  FOR i IN 1 .. length(p_modes) LOOP  -- an assignment costs a third of PERFORM
    IF substr(p_modes, i, 1) = 'x' THEN
      nothing := pg_advisory_xact_lock(p_locks[i]);
    ELSE
      nothing := pg_advisory_xact_lock_shared(p_locks[i]);
    END IF;
  END LOOP;
  -- All questions in one statement, because each one costs more to begin than to answer.
  SELECT (CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN pg_current_xact_id()::text::bigint
      ELSE {{s}}.fresh_number() END + epoch.shift) << {ORDINALS} INTO first_position
    FROM (SELECT identity, shift FROM {{s}}.epochs ORDER BY epochs.epoch DESC LIMIT 1) AS epoch
    LEFT JOIN (SELECT version, hash FROM {{s}}.records WHERE stream = p_stream ORDER BY version DESC LIMIT 1) AS head ON true
    WHERE current_setting('transaction_isolation') = 'read committed'
      AND cardinality(p_tags) <= 1 << {ORDINALS}
      AND epoch.identity = p_identity
      AND coalesce(head.version, 0) = p_expected
      AND (p_hash IS NULL OR head.hash = p_hash)
      AND NOT EXISTS (SELECT FROM {{s}}.keys WHERE stream = p_stream AND key = p_key)
      AND (p_other IS NULL OR {is_head("p_other", "p_other_version", "p_other_hash", "{s}")});
  IF first_position IS NULL OR p_rest IS NOT NULL THEN
    refused := {{s}}.refusal(p_stream, p_expected, p_hash, p_key, p_digest, p_other, p_other_version, p_other_hash, p_rest,
      p_rest_versions, p_rest_hashes, cardinality(p_tags));
    IF first_position IS NULL OR refused IS NOT NULL THEN
      RETURN coalesce(refused, ARRAY[{OTHER_EPOCH}]);
    END IF;
  END IF;
  IF first_position < 0 THEN
    RAISE EXCEPTION 'too high a transaction number' USING ERRCODE = 'program_limit_exceeded';
  END IF;
  FOR i IN 1 .. cardinality(p_tags) LOOP
    INSERT INTO {{s}}.records (position, stream, version, tag, header, payload, hash) VALUES (
      first_position + i - 1, p_stream, p_expected + i, p_tags[i],
      substr(p_body, p_at[3 * i - 2], p_at[3 * i - 1] - p_at[3 * i - 2]),
      substr(p_body, p_at[3 * i - 1], p_at[3 * i] - p_at[3 * i - 1]),
      substr(p_body, p_at[3 * i], p_at[3 * i + 1] - p_at[3 * i]));
  END LOOP;
  IF p_key IS NOT NULL THEN
    INSERT INTO {{s}}.keys (stream, key, digest, first_version, last_version)
      VALUES (p_stream, p_key, p_digest, p_expected + 1, p_expected + cardinality(p_tags));
  END IF;
  IF p_case IS NOT NULL THEN
    UPDATE {{s}}.cases SET matter = p_case[2], title = p_case[3], procedure = p_case[4], procedure_version = p_case[5],
        digest = p_case[6], state = p_case[7], step = p_case[8], outcome = p_case[9], body = p_case[10],
        round = p_case[11]::bigint, version = p_case[12]::bigint, opened_at = p_case[13], updated_at = p_case[14]
      WHERE case_id = p_case[1];
    IF NOT FOUND THEN
      INSERT INTO {{s}}.cases (case_id, matter, title, procedure, procedure_version, digest, state, step, outcome, body,
          round, version, opened_at, updated_at)
        VALUES (p_case[1], p_case[2], p_case[3], p_case[4], p_case[5], p_case[6], p_case[7], p_case[8], p_case[9],
          p_case[10], p_case[11]::bigint, p_case[12]::bigint, p_case[13], p_case[14]);
    END IF;
    IF p_cleared IS NOT NULL THEN
      DELETE FROM {{s}}.duties WHERE case_id = p_case[1] AND duty = ANY (p_cleared);
    END IF;
    FOR at IN 0 .. coalesce(cardinality(p_duties), 0) - 1 BY 10 LOOP
      INSERT INTO {{s}}.duties (case_id, procedure, duty, state, role, body, actor, level, due, estimated, breached)
        VALUES (p_case[1], p_duties[at + 1], p_duties[at + 2], p_duties[at + 3], p_duties[at + 4], p_duties[at + 5],
          p_duties[at + 6], p_duties[at + 7]::bigint, p_duties[at + 8], p_duties[at + 9]::boolean,
          p_duties[at + 10]::boolean)
        ON CONFLICT (case_id, duty, role, body, actor) DO UPDATE SET procedure = excluded.procedure,
          state = excluded.state, level = excluded.level, due = excluded.due, estimated = excluded.estimated,
          breached = excluded.breached;
    END LOOP;
  END IF;
  IF p_snapshot IS NOT NULL THEN
    INSERT INTO {{s}}.snapshots AS old VALUES (p_stream, p_snapshot_version, p_snapshot)
      ON CONFLICT (stream) DO UPDATE SET version = excluded.version, data = excluded.data
      WHERE old.version < excluded.version;
  END IF;
  IF p_lanes IS NOT NULL THEN
    PERFORM {{s}}.add_notices(p_lanes, p_notices, {{s}}.tick(p_now));
  END IF;
  RETURN ARRAY[{WRITTEN}];
END
"""

_REFUSAL = f"""
DECLARE
  known record; head record;
  streams text[] := p_other || p_rest; versions bigint[] := p_other_version || p_rest_versions;
  hashes bytea[] := p_other_hash || p_rest_hashes;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'stabflow appends in READ COMMITTED alone' USING ERRCODE = 'feature_not_supported';
  END IF;
  SELECT digest, first_version, last_version INTO known FROM {{s}}.keys WHERE stream = p_stream AND key = p_key;
  IF FOUND THEN
    IF known.digest <> p_digest THEN
      RETURN ARRAY[{MISMATCH}];
    END IF;
    PERFORM {{s}}.replicated();
    RETURN ARRAY[{REPLAYED}, known.first_version, known.last_version];
  END IF;
  SELECT version, hash INTO head FROM {{s}}.records WHERE stream = p_stream ORDER BY version DESC LIMIT 1;
  IF coalesce(head.version, 0) <> p_expected THEN
    RETURN ARRAY[{CONFLICT}, 0, coalesce(head.version, 0)];
  ELSIF head.hash <> p_hash THEN
    RETURN ARRAY[{CONFLICT}, 1, head.version];
  END IF;
  FOR i IN 1 .. cardinality(streams) LOOP
    SELECT version, hash INTO head FROM {{s}}.records WHERE stream = streams[i] ORDER BY version DESC LIMIT 1;
    IF coalesce(head.version, 0) <> versions[i] OR coalesce(head.hash, '') <> coalesce(hashes[i], '') THEN
      RETURN ARRAY[{CONFLICT}, i + 1, coalesce(head.version, 0)];
    END IF;
  END LOOP;
  IF p_records > 1 << {ORDINALS} THEN
    RAISE EXCEPTION 'too many records in one transaction' USING ERRCODE = 'program_limit_exceeded';
  END IF;
  RETURN NULL;
END
"""

_FRESH_NUMBER = """
DECLARE own bigint := pg_current_xact_id()::text::bigint; low bigint; fresh bigint;
BEGIN
  -- A subtransaction draws a number of its own as soon as it writes. It is undone; nobody else will have the number.
  BEGIN
    INSERT INTO {s}.numbers DEFAULT VALUES RETURNING xmin::text::bigint INTO low;
    RAISE EXCEPTION USING ERRCODE = 'SF000';
  EXCEPTION WHEN SQLSTATE 'SF000' THEN
    NULL;
  END;
  fresh := (own >> 32 << 32) | low;
  RETURN CASE WHEN fresh < own THEN fresh + (1::bigint << 32) ELSE fresh END;
END
"""

_ADD_NOTICES = """
BEGIN
  FOR i IN 1 .. array_length(p_lanes, 1) LOOP
    INSERT INTO {s}.outbox (lane, payload, place, ready, token, attempts, owner, error) VALUES (
      p_lanes[i], p_payloads[i],
      CASE WHEN EXISTS (SELECT FROM {s}.outbox WHERE lane = p_lanes[i] AND place <> 2) THEN 0 ELSE 1 END,
      p_ready, 0, 0, '', '');
  END LOOP;
END
"""

_TICK = """
BEGIN
  RETURN coalesce(p_now, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
END
"""

_REPLICATED = """
BEGIN
  -- What is found here may have been committed without a standby: this commit, then, waits for one.
  IF current_setting('synchronous_standby_names') <> '' THEN
    PERFORM pg_logical_emit_message(true, 'stabflow', '');
  END IF;
END
"""

_KNOWN = """
BEGIN
  SELECT k.digest, k.first_version, k.last_version INTO digest, first_version, last_version
    FROM {s}.keys AS k WHERE k.stream = p_stream AND k.key = p_key;
  IF FOUND THEN
    PERFORM {s}.replicated();
  END IF;
END
"""

_BEGIN_EPOCH = f"""
DECLARE last record; top bigint; lift bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(p_lock);
  SELECT epoch, identity INTO last FROM {{s}}.epochs ORDER BY epoch DESC LIMIT 1;
  IF last.identity IS NOT DISTINCT FROM p_identity THEN
    RETURN;
  END IF;
  SELECT max(position) >> {ORDINALS} INTO top FROM {{s}}.records;
  lift := greatest(coalesce(top, 0) + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint, 0);
  INSERT INTO {{s}}.epochs VALUES (coalesce(last.epoch, 0) + 1, p_identity, lift, clock_timestamp());
END
"""

_CLAIM = """
DECLARE now bigint := {s}.tick(p_now);
BEGIN
  FOR notice, lane, payload IN
    SELECT o.notice, o.lane, o.payload FROM {s}.outbox o WHERE o.place = 1 AND o.ready <= now
      ORDER BY o.ready, o.notice LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    UPDATE {s}.outbox o SET ready = now + p_lease, token = nextval('{s}.tokens'), attempts = o.attempts + 1, owner = p_owner
      WHERE o.notice = claim.notice RETURNING o.token, o.attempts INTO token, attempts;
    RETURN NEXT;
  END LOOP;
END
"""

_STEP_UP = """
BEGIN
  UPDATE {s}.outbox SET place = 1 WHERE notice = (SELECT min(notice) FROM {s}.outbox WHERE lane = p_lane AND place <> 2);
END
"""

_ACK = """
BEGIN
  PERFORM pg_advisory_xact_lock(p_lock);
  DELETE FROM {s}.outbox WHERE notice = p_notice AND token = p_token AND place = 1 AND lane = p_lane AND p_token > 0;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM {s}.step_up(p_lane);
  RETURN true;
END
"""

_RELEASE = """
BEGIN
  PERFORM pg_advisory_xact_lock(p_lock);
  UPDATE {s}.outbox SET token = 0, error = p_error, place = CASE WHEN p_wait IS NULL THEN 2 ELSE 1 END,
      ready = CASE WHEN p_wait IS NULL THEN ready ELSE {s}.tick(p_now) + p_wait END
    WHERE notice = p_notice AND token = p_token AND place = 1 AND lane = p_lane AND p_token > 0;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF p_wait IS NULL THEN
    PERFORM {s}.step_up(p_lane);
  END IF;
  RETURN true;
END
"""

_REVIVE = """
BEGIN
  PERFORM pg_advisory_xact_lock(p_lock);
  UPDATE {s}.outbox SET place = 0, ready = {s}.tick(p_now), token = 0, attempts = 0
    WHERE notice = p_notice AND place = 2 AND lane = p_lane;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE {s}.outbox SET place = 0 WHERE lane = p_lane AND place = 1 AND token = 0;
  IF NOT EXISTS (SELECT FROM {s}.outbox WHERE lane = p_lane AND place = 1) THEN
    PERFORM {s}.step_up(p_lane);
  END IF;
  RETURN true;
END
"""

_APPEND_ONLY = """
BEGIN
  RAISE EXCEPTION 'records and keys are append-only' USING ERRCODE = 'insufficient_privilege';
END
"""

FUNCTIONS: dict[str, tuple[str, str]] = {
    "append_only": ("() RETURNS trigger", _APPEND_ONLY),
    "tick": ("(p_now bigint) RETURNS bigint", _TICK),
    "fresh_number": ("() RETURNS bigint", _FRESH_NUMBER),
    "replicated": ("() RETURNS void", _REPLICATED),
    "add_notices": ("(p_lanes text[], p_payloads bytea[], p_ready bigint) RETURNS void", _ADD_NOTICES),
    "refusal": (
        (
            "(p_stream text, p_expected bigint, p_hash bytea, p_key text, p_digest text, p_other text, p_other_version bigint,"
            " p_other_hash bytea, p_rest text[], p_rest_versions bigint[], p_rest_hashes bytea[], p_records int)"
            " RETURNS bigint[]"
        ),
        _REFUSAL,
    ),
    "append": (
        (
            "(p_locks bigint[], p_modes text, p_identity text, p_stream text, p_expected bigint, p_hash bytea, p_key text,"
            " p_digest text, p_other text, p_other_version bigint, p_other_hash bytea, p_rest text[], p_rest_versions"
            " bigint[], p_rest_hashes bytea[], p_tags text[], p_at int[], p_body bytea, p_case text[], p_cleared text[],"
            " p_duties text[], p_snapshot_version bigint, p_snapshot bytea, p_lanes text[], p_notices bytea[], p_now bigint)"
            " RETURNS bigint[]"
        ),
        _APPEND,
    ),
    "known": (
        "(p_stream text, p_key text, OUT digest text, OUT first_version bigint, OUT last_version bigint)",
        _KNOWN,
    ),
    "begin_epoch": ("(p_lock bigint, p_identity text) RETURNS void", _BEGIN_EPOCH),
    "claim": (
        (
            "(p_owner text, p_limit int, p_now bigint, p_lease bigint, OUT notice bigint, OUT lane text, OUT payload bytea,"
            " OUT token bigint, OUT attempts bigint) RETURNS SETOF record"
        ),
        _CLAIM,
    ),
    "step_up": ("(p_lane text) RETURNS void", _STEP_UP),
    "ack": ("(p_lock bigint, p_notice bigint, p_lane text, p_token bigint) RETURNS boolean", _ACK),
    "release": (
        (
            "(p_lock bigint, p_notice bigint, p_lane text, p_token bigint, p_now bigint, p_wait bigint, p_error text)"
            " RETURNS boolean"
        ),
        _RELEASE,
    ),
    "revive": ("(p_lock bigint, p_notice bigint, p_lane text, p_now bigint) RETURNS boolean", _REVIVE),
}
"""Each function: its parameters and what it returns, and its body, in which ``{s}`` stands for the schema."""
