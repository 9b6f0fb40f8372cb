-- Adds a job to the indexes: of its tenant, of all tenants, and of the deadlines to start.
--   bucket    its bucket by the time in its id
--   entry     its entry, 17 bytes
--   start_by  when it expires unless it has started, in milliseconds since 1970
-- The length of a bucket: see time-index.ts.
local bucket_seconds = 10
local function index_job(root, tenant, bucket, entry, start_by)
  local by_id = string.format('%.0f', bucket)
  if append_index(root .. 'index:tenant:' .. tenant, by_id, entry) then
    redis.call('SADD', root .. 'index:tenants', tenant)
  end
  append_index(root .. 'index:all', by_id, entry)
  append_index(root .. 'index:deadline', string.format('%.0f', math.floor(start_by / 1000 / bucket_seconds)), entry)
end
