-- Who was paid before is found by where the money went, whose document and whose name it was: a look at each, however many
-- payments there are. The rows stay as they are; one
-- that was damaged is in no index, so that `fsck` is there to find it.
CREATE INDEX intents_destination ON intents (payload ->> '$.destination', created_at)
    WHERE json_valid(payload);
CREATE INDEX intents_document ON intents (payload ->> '$.document', created_at)
    WHERE json_valid(payload);
CREATE INDEX intents_name ON intents (lower(payload ->> '$.name'), created_at)
    WHERE json_valid(payload);
