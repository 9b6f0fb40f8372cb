-- Appends an entry to a time index (see time-index.ts): the string of its bucket, and the bucket's number when it is new.
-- Returns whether the bucket is new.
local function append_index(index_key, bucket, entry)
  local is_new = redis.call('APPEND', index_key .. ':' .. bucket, entry) == #entry
  if is_new then redis.call('ZADD', index_key, bucket, bucket) end
  return is_new
end
