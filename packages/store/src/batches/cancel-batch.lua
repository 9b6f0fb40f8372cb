--[[
  Requests the cancellation of a batch, and reads it. The worker process that dispatches batches cancels the jobs, so
  the cancellation is completed even if the caller dies.

  KEYS[1]     the record of the batch
  KEYS[2...]  the lists of the active jobs of all queues

  ARGV[1]  control (msgpack)
             time, tail  see read-batch.lua
             at          the time of the request, in milliseconds since 1970
             tenant      the tenant that must own the batch; nil: any tenant

  Returns  { record as a flat list, how many of its jobs are active }, or nil when there is no such batch or it is
           another tenant's. A finished batch does not change. A second request keeps the time of the first.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ./read-batch.lua
local found = redis.call('HMGET', KEYS[1], 'tenant', 'finished_at')
if not found[1] or (control.tenant and found[1] ~= control.tenant) then return false end
if not found[2] then redis.call('HSETNX', KEYS[1], 'cancel_requested_at', string.format('%.0f', control.at)) end
return read_batch(KEYS[1], KEYS, control.time, control.tail)
