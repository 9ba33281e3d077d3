-- Parts the tables of a new longroad store that grow with the number of accounts by block, each block being 4,096 accounts.
-- For an empty PostgreSQL store, once longroad has created its tables (`longroad check --connect`) and before the first pull:
--
--     psql "$URL" --single-transaction -f deploy/partitions.sql
--
-- Here block 0, block 1 and the rest; take as many, and as wide, as you need. A tile's id is its block times 2^32, and more.
CREATE TABLE fact_parted (LIKE fact INCLUDING ALL) PARTITION BY RANGE (block);
DROP TABLE fact;
ALTER TABLE fact_parted RENAME TO fact;
CREATE TABLE fact_0 PARTITION OF fact FOR VALUES FROM (MINVALUE) TO (1);
CREATE TABLE fact_1 PARTITION OF fact FOR VALUES FROM (1) TO (2);
CREATE TABLE fact_rest PARTITION OF fact DEFAULT;

CREATE TABLE score_block_parted (LIKE score_block INCLUDING ALL) PARTITION BY RANGE (block);
DROP TABLE score_block;
ALTER TABLE score_block_parted RENAME TO score_block;
CREATE TABLE score_block_0 PARTITION OF score_block FOR VALUES FROM (MINVALUE) TO (1);
CREATE TABLE score_block_1 PARTITION OF score_block FOR VALUES FROM (1) TO (2);
CREATE TABLE score_block_rest PARTITION OF score_block DEFAULT;

CREATE TABLE turn_block_parted (LIKE turn_block INCLUDING ALL) PARTITION BY RANGE (block);
DROP TABLE turn_block;
ALTER TABLE turn_block_parted RENAME TO turn_block;
CREATE TABLE turn_block_0 PARTITION OF turn_block FOR VALUES FROM (MINVALUE) TO (1);
CREATE TABLE turn_block_1 PARTITION OF turn_block FOR VALUES FROM (1) TO (2);
CREATE TABLE turn_block_rest PARTITION OF turn_block DEFAULT;

CREATE TABLE tile_parted (LIKE tile INCLUDING ALL) PARTITION BY RANGE (id);
DROP TABLE tile;
ALTER TABLE tile_parted RENAME TO tile;
CREATE TABLE tile_0 PARTITION OF tile FOR VALUES FROM (MINVALUE) TO (4294967296);
CREATE TABLE tile_1 PARTITION OF tile FOR VALUES FROM (4294967296) TO (8589934592);
CREATE TABLE tile_rest PARTITION OF tile DEFAULT;

CREATE TABLE tile_journal_parted (LIKE tile_journal INCLUDING ALL) PARTITION BY RANGE (tile);
DROP TABLE tile_journal;
ALTER TABLE tile_journal_parted RENAME TO tile_journal;
CREATE TABLE tile_journal_0 PARTITION OF tile_journal FOR VALUES FROM (MINVALUE) TO (4294967296);
CREATE TABLE tile_journal_1 PARTITION OF tile_journal FOR VALUES FROM (4294967296) TO (8589934592);
CREATE TABLE tile_journal_rest PARTITION OF tile_journal DEFAULT;
