--[[
  Reads one job, whatever its state, in O(1).

  KEYS[1]  the job's hash

  ARGV[1]  control (msgpack)
             id          the job's id
             queue_root  the prefix of the keys of its queue
             owner       how the job's options name the caller's tenant (`"tenant":"..."`), or nil: any tenant

  Returns  false when there is no such job, or its options say that it is another tenant's. Then its hash is not read,
           so the response time does not reveal the size of another tenant's job.
           Otherwise { fields, state, delayed score }: see read-job.lua.

  Atomic   the hash and the state belong to one moment.
  Touches, beyond KEYS: <job>:lock, <queue_root>delayed. It writes nothing.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ../scripts/includes/redis-time.lua
--- @include ./deadline.lua
--- @include ./read-job.lua
if control.owner then
  local opts = redis.call('HGET', KEYS[1], 'opts')
  if opts and string.find(opts, '"tenant":', 1, true) and not string.find(opts, control.owner, 1, true) then
    return false
  end
end
return read_job(KEYS[1], control.queue_root, control.id, now_ms())
