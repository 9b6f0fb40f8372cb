--[[
  Turns the next requests of a batch into jobs.

  KEYS[1]  the record of the batch
  KEYS[2]  the list of its requests that are not jobs yet

  ARGV[1]  control (msgpack)
             root                 the prefix of all keys
             tenant               the owner of the batch
             released             how many requests had been released when the caller read the batch, as a string
             cancel_requested_at  when its cancellation was requested, as a string; '' when it was not
             bucket               their bucket in the indexes; the ids of all jobs of a batch have one time
             jobs                 the jobs of the first requests of the list:
               queue_root           the prefix of the keys of its queue
               id, name             its id and BullMQ's name for it
               opts                 BullMQ's options, with the priority
               start_within         seconds after the delay within which it must start
  ARGV[2i]      the data of the i-th job as JSON
  ARGV[2i + 1]  its entry in the indexes, 17 bytes

  Returns  'released', or 'changed': requests were released, or the cancellation was requested, since the batch was
           read.

  Atomic   all of it: the jobs and the count of released requests are written together. When Redis is full, the first
           write (the count) fails and the script writes nothing. If it is sent twice because the reply was lost, it
           returns 'changed'.
  Touches, beyond KEYS: the keys of the queues (BullMQ), <root>index:*.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ../scripts/includes/redis-time.lua
--- @include ../job-index/append-index.lua
--- @include ../scripts/includes/index-job.lua
--- @bullmq addPrioritizedJob
--- @bullmq addDelayedJob
--- @include ../scripts/includes/add-job.lua
local record = redis.call('HMGET', KEYS[1], 'released', 'cancel_requested_at')
if record[1] ~= control.released or (record[2] or '') ~= control.cancel_requested_at then return 'changed' end

local now = now_ms()
redis.call('HINCRBY', KEYS[1], 'released', #control.jobs)
redis.call('LTRIM', KEYS[2], #control.jobs, -1)
for i, job in ipairs(control.jobs) do
  add_job(job.queue_root, job.id, job.name, job.opts, ARGV[2 * i], now)
  index_job(control.root, control.tenant, control.bucket, ARGV[2 * i + 1], now + (job.opts.delay or 0) + job.start_within * 1000)
end
return 'released'
