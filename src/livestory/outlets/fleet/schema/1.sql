-- Schema 1 of a fleet. `livestory fleet init` runs it once, in one transaction, as the role livestory_owner, who owns
-- all of it and can't log in. What is released never changes: what is new is a file of its own.
--
-- Instants are microseconds since the epoch, as in a journal. A stream is what one bot told in one epoch of one journal.

CREATE TABLE livestory.fleet (
    version integer NOT NULL,
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row)
);

CREATE TABLE livestory.bots (
    bot text PRIMARY KEY CHECK (bot ~ '^[a-z0-9][a-z0-9_-]{0,39}$' AND bot <> 'former'),
    role name NOT NULL UNIQUE,
    began timestamptz NOT NULL DEFAULT now()
);

-- One row an epoch, locked for each batch. It is all that a push resumes from, and apart from the rows themselves, so
-- that it stays where old rows are dropped.
CREATE TABLE livestory.heads (
    stream bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bot text NOT NULL REFERENCES livestory.bots ON UPDATE CASCADE,
    journal text NOT NULL CHECK (journal ~ '^[0-9A-Za-z]{1,64}$'),
    epoch integer NOT NULL CHECK (epoch > 0),
    seq bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    observed bigint NOT NULL DEFAULT -9223372036854775808,
    identity bytea NOT NULL CHECK (octet_length(identity) <= 65536), -- as the journal has it
    created bigint NOT NULL,
    schema integer NOT NULL,                                         -- that the journal was written in
    snapshot bytea CHECK (octet_length(snapshot) <= 1048576),        -- how the bot is, for those who show it
    began timestamptz NOT NULL DEFAULT now(),
    heard timestamptz NOT NULL DEFAULT now(),                        -- of its push
    changed timestamptz NOT NULL DEFAULT now(),                      -- by something new
    complete timestamptz,                                            -- when the journal had nothing more
    last_seq bigint NOT NULL DEFAULT 0,                              -- of the journal, when it was heard
    UNIQUE (bot, journal, epoch)
);

CREATE TABLE livestory.events (
    bot text NOT NULL,
    stream bigint NOT NULL,
    seq bigint NOT NULL,
    id bytea NOT NULL CHECK (octet_length(id) <= 65536),
    time bigint NOT NULL,
    told bigint NOT NULL CHECK (told BETWEEN 0 AND 4102444800000000), -- until the year 2100
    kind text NOT NULL CHECK (octet_length(kind) <= 64),
    record bytea NOT NULL CHECK (octet_length(record) <= 65536),
    line text NOT NULL CHECK (octet_length(line) <= 65536),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    shown boolean NOT NULL,
    checksum bigint NOT NULL,
    PRIMARY KEY (stream, seq, told)
) PARTITION BY RANGE (told);

-- What a journal keeps of an observation or a position is one value, packed as it stands there; beside it is what SQL
-- asks for.
CREATE TABLE livestory.observations (
    bot text NOT NULL,
    stream bigint NOT NULL,
    time bigint NOT NULL CHECK (time BETWEEN -62135596800000000 AND 253402300800000000),
    wealth double precision,
    price double precision,
    position double precision,
    weight double precision,
    score double precision,
    drawdown double precision,
    regime text,
    halted boolean,
    kept bytea NOT NULL CHECK (octet_length(kept) <= 1048576),
    PRIMARY KEY (stream, time)
) PARTITION BY RANGE (time);

CREATE TABLE livestory.positions (
    bot text NOT NULL,
    stream bigint NOT NULL,
    time bigint NOT NULL CHECK (time BETWEEN -62135596800000000 AND 253402300800000000),
    symbol text NOT NULL,
    quantity text NOT NULL,
    entry text,
    kept bytea NOT NULL CHECK (octet_length(kept) <= 65536)
) PARTITION BY RANGE (time);
CREATE INDEX positions_of_a_stream ON livestory.positions (stream, time);

CREATE TABLE livestory.events_default PARTITION OF livestory.events DEFAULT;
CREATE TABLE livestory.observations_default PARTITION OF livestory.observations DEFAULT;
CREATE TABLE livestory.positions_default PARTITION OF livestory.positions DEFAULT;

-- What a hub could not believe.
CREATE TABLE livestory.quarantine (
    stream bigint PRIMARY KEY REFERENCES livestory.heads ON DELETE CASCADE,
    seq bigint NOT NULL,
    why text NOT NULL CHECK (octet_length(why) <= 4096),
    since timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION livestory.bot() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT each.bot FROM livestory.bots AS each WHERE each.role = session_user $$;

-- Beneath the functions: even the owner sees and writes rows of the one bot alone that has logged in.
ALTER TABLE livestory.heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE livestory.heads FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON livestory.heads TO livestory_owner USING (bot = (SELECT livestory.bot()));
CREATE POLICY hub ON livestory.heads FOR SELECT TO livestory_hub USING (true);

ALTER TABLE livestory.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE livestory.events FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON livestory.events TO livestory_owner USING (bot = (SELECT livestory.bot()));
CREATE POLICY hub ON livestory.events FOR SELECT TO livestory_hub USING (true);

ALTER TABLE livestory.observations ENABLE ROW LEVEL SECURITY;
ALTER TABLE livestory.observations FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON livestory.observations TO livestory_owner USING (bot = (SELECT livestory.bot()));
CREATE POLICY hub ON livestory.observations FOR SELECT TO livestory_hub USING (true);

ALTER TABLE livestory.positions ENABLE ROW LEVEL SECURITY;
ALTER TABLE livestory.positions FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON livestory.positions TO livestory_owner USING (bot = (SELECT livestory.bot()));
CREATE POLICY hub ON livestory.positions FOR SELECT TO livestory_hub USING (true);

ALTER TABLE livestory.events_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE livestory.events_default FORCE ROW LEVEL SECURITY;
ALTER TABLE livestory.observations_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE livestory.observations_default FORCE ROW LEVEL SECURITY;
ALTER TABLE livestory.positions_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE livestory.positions_default FORCE ROW LEVEL SECURITY;

-- Where a bot's journal stands here, epoch by epoch.
CREATE FUNCTION livestory.head(of_journal text) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
SELECT jsonb_build_object(
    'version', (SELECT version FROM livestory.fleet),
    'bot', livestory.bot(),
    'now', floor(extract(epoch FROM clock_timestamp()) * 1000000),
    'epochs', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'epoch', each.epoch, 'seq', each.seq, 'hash', encode(each.hash, 'hex'), 'observed', each.observed
        ) ORDER BY each.epoch DESC), '[]'::jsonb)
        FROM livestory.heads AS each
        WHERE each.bot = livestory.bot() AND each.journal = of_journal
    )
)
$$;

-- Takes a batch: the events that follow `after_seq`, whose hash is `after_hash`, and the observations and positions
-- that are later than the last. Rows that are there already are passed over. Answers the new head, or `fits: false`
-- where the batch belongs to another history than this epoch's, or begins after its end.
CREATE FUNCTION livestory.push(
    of_journal text, in_epoch integer, whose bytea, made bigint, in_schema integer,
    journal_seq bigint, all_of_it boolean, state bytea,
    after_seq bigint, after_hash bytea,
    ids bytea[], times bigint[], tolds bigint[], kinds text[], records bytea[], lines text[], hashes bytea[],
    showns boolean[], checksums bigint[],
    o_times bigint[], o_wealth double precision[], o_price double precision[], o_position double precision[],
    o_weight double precision[], o_score double precision[], o_drawdown double precision[], o_regime text[],
    o_halted boolean[], o_kept bytea[],
    p_times bigint[], p_symbols text[], p_quantities text[], p_entries text[], p_kept bytea[]
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine text := livestory.bot();
    head livestory.heads;
    count integer := cardinality(hashes);
    known bigint;      -- how many of the events are there already
    fits boolean;
    newest bigint;
    news boolean;
BEGIN
    IF mine IS NULL THEN
        RAISE EXCEPTION 'the role % is no bot of this fleet', session_user USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO head FROM livestory.heads AS each
    WHERE each.bot = mine AND each.journal = of_journal AND each.epoch = in_epoch FOR UPDATE;
    IF NOT FOUND THEN
        -- Two that begin one epoch wait here, by a row that no other bot can lock.
        PERFORM 1 FROM livestory.bots AS each WHERE each.bot = mine FOR NO KEY UPDATE;
        IF after_seq <> 0 OR in_epoch IS DISTINCT FROM (
            SELECT coalesce(max(each.epoch), 0) + 1 FROM livestory.heads AS each
            WHERE each.bot = mine AND each.journal = of_journal
        ) THEN
            RETURN jsonb_build_object('fits', false);
        END IF;
        INSERT INTO livestory.heads (bot, journal, epoch, identity, created, schema)
        VALUES (mine, of_journal, in_epoch, whose, made, in_schema) RETURNING * INTO head;
    END IF;

    known := head.seq - after_seq;
    IF known <= 0 THEN
        fits := known = 0 AND head.hash = after_hash;
    ELSIF known <= count THEN
        fits := head.hash = hashes[known];
    ELSIF count > 0 THEN
        SELECT each.hash = hashes[count] INTO fits FROM livestory.events AS each
        WHERE each.stream = head.stream AND each.seq = after_seq + count;
    END IF;
    IF fits IS NOT TRUE THEN
        RETURN jsonb_build_object('fits', false);
    END IF;

    IF count > known THEN
        INSERT INTO livestory.events
        SELECT mine, head.stream, after_seq + each.n, each.id, each.time, each.told, each.kind, each.record, each.line,
            each.hash, each.shown, each.checksum
        FROM unnest(ids, times, tolds, kinds, records, lines, hashes, showns, checksums)
            WITH ORDINALITY AS each (id, time, told, kind, record, line, hash, shown, checksum, n)
        WHERE each.n > known;
        head.seq := after_seq + count;
        head.hash := hashes[count];
    END IF;
    IF cardinality(p_times) > 0 THEN
        INSERT INTO livestory.positions
        SELECT mine, head.stream, each.time, each.symbol, each.quantity, each.entry, each.kept
        FROM unnest(p_times, p_symbols, p_quantities, p_entries, p_kept) AS each (time, symbol, quantity, entry, kept)
        WHERE each.time > head.observed;
    END IF;
    IF cardinality(o_times) > 0 THEN
        INSERT INTO livestory.observations
        SELECT mine, head.stream, each.*
        FROM unnest(o_times, o_wealth, o_price, o_position, o_weight, o_score, o_drawdown, o_regime, o_halted, o_kept)
            AS each (time, wealth, price, position, weight, score, drawdown, regime, halted, kept)
        WHERE each.time > head.observed;
        SELECT max(each) INTO newest FROM unnest(o_times) AS each;
        head.observed := greatest(head.observed, newest);
    END IF;

    news := count > 0 OR cardinality(o_times) > 0 OR state IS NOT NULL;
    UPDATE livestory.heads AS each
    SET seq = head.seq, hash = head.hash, observed = head.observed, identity = whose, created = made,
        schema = in_schema, snapshot = coalesce(state, each.snapshot), heard = clock_timestamp(),
        changed = CASE WHEN news THEN clock_timestamp() ELSE each.changed END,
        complete = CASE WHEN all_of_it AND journal_seq <= head.seq THEN clock_timestamp() ELSE each.complete END,
        last_seq = greatest(journal_seq, head.seq)
    WHERE each.stream = head.stream;
    IF news THEN
        PERFORM pg_notify('livestory', '');
    END IF;
    RETURN jsonb_build_object(
        'fits', true, 'seq', head.seq, 'hash', encode(head.hash, 'hex'), 'observed', head.observed
    );
END
$$;

-- Partitions of the months that come; those whose rows stand in the default partition already stay there.
CREATE FUNCTION livestory.make_partitions(ahead integer DEFAULT 3) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'GMT' SET lock_timeout = '2s'
AS $$
DECLARE
    of_table text;
    month timestamptz;
    name text;
BEGIN
    FOR month IN SELECT generate_series(
        date_trunc('month', now()), now() + make_interval(months => least(ahead, 120)), interval '1 month'
    ) LOOP
        FOREACH of_table IN ARRAY ARRAY['events', 'observations', 'positions'] LOOP
            name := format('%s_%s', of_table, to_char(month, 'YYYYMM'));
            CONTINUE WHEN to_regclass('livestory.' || name) IS NOT NULL;
            BEGIN
                EXECUTE format(
                    'CREATE TABLE livestory.%I PARTITION OF livestory.%I FOR VALUES FROM (%s) TO (%s)', name, of_table,
                    (extract(epoch FROM month) * 1000000)::bigint,
                    (extract(epoch FROM month + interval '1 month') * 1000000)::bigint
                );
                EXECUTE format('ALTER TABLE livestory.%I ENABLE ROW LEVEL SECURITY', name);
                EXECUTE format('ALTER TABLE livestory.%I FORCE ROW LEVEL SECURITY', name);
            EXCEPTION WHEN check_violation OR lock_not_available OR duplicate_table THEN
                NULL;
            END;
        END LOOP;
    END LOOP;
END
$$;

-- Gives back the room of the months that end before that instant; those that have no partition are deleted from the
-- default one. Hubs that have pulled them keep them. Returns how many partitions went.
CREATE FUNCTION livestory.drop_before(instant timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'GMT'
AS $$
DECLARE
    name text;
    began text;
    dropped integer := 0;
BEGIN
    FOR name, began IN VALUES ('events_default', 'told'), ('observations_default', 'time'), ('positions_default', 'time') LOOP
        -- Rows of all bots: whoever may drop their tables may delete them.
        EXECUTE format('ALTER TABLE livestory.%I NO FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('DELETE FROM livestory.%I WHERE %I < $1', name, began)
        USING (extract(epoch FROM date_trunc('month', instant)) * 1000000)::bigint;
        EXECUTE format('ALTER TABLE livestory.%I FORCE ROW LEVEL SECURITY', name);
    END LOOP;
    FOR name IN
        SELECT class.relname FROM pg_class AS class
        JOIN pg_inherits AS part ON part.inhrelid = class.oid
        WHERE class.relnamespace = 'livestory'::regnamespace AND class.relname ~ '^(events|observations|positions)_\d{6}$'
        AND to_date(right(class.relname, 6), 'YYYYMM') + interval '1 month' <= instant AT TIME ZONE 'UTC'
    LOOP
        EXECUTE format('DROP TABLE livestory.%I', name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA livestory FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA livestory FROM PUBLIC;
GRANT USAGE ON SCHEMA livestory TO livestory_bots, livestory_hub;
GRANT EXECUTE ON FUNCTION livestory.head TO livestory_bots;
GRANT EXECUTE ON FUNCTION livestory.push TO livestory_bots;
GRANT SELECT ON livestory.fleet, livestory.bots, livestory.heads, livestory.events, livestory.observations,
    livestory.positions, livestory.quarantine TO livestory_hub;
GRANT INSERT, DELETE ON livestory.quarantine TO livestory_hub;
GRANT EXECUTE ON FUNCTION livestory.make_partitions TO livestory_hub;
