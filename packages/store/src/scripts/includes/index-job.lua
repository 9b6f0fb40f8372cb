-- Adds a job to the indexes: of its tenant, of all tenants, and of the deadlines to start.
--   entry                the job's entry, 17 bytes
--   index.bucket         its bucket by the time in its id
--   index.bucket_seconds the length of a bucket of the deadline index
local function index_job(root, tenant, index, entry, start_by)
  local bucket = string.format('%.0f', index.bucket)
  if append_index(root .. 'index:tenant:' .. tenant, bucket, entry) then
    redis.call('SADD', root .. 'index:tenants', tenant)
  end
  append_index(root .. 'index:all', bucket, entry)
  local deadline_bucket = string.format('%.0f', math.floor(start_by / 1000 / index.bucket_seconds))
  append_index(root .. 'index:deadline', deadline_bucket, entry)
end
