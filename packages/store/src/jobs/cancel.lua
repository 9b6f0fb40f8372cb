--[[
  Requests the cancellation of a running job: flags it and notifies the workers. finish.lua cancels a waiting job
  instead.

  KEYS[1]  the job's hash

  ARGV[1]  control (msgpack)
             id       the job's id
             at       the time of the request, in milliseconds since 1970
             channel  the channel on which workers receive cancellations; '' flags the job without a notification

  Returns  the time of the first request, as a string, when the job is flagged; '' when it does not exist or has
           finished.

  The workers are notified even when the job is already flagged: an earlier caller may have flagged it without notifying
  them.

  Atomic   the flag and the message.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ./flag-cancelled.lua
local found = redis.call('HMGET', KEYS[1], 'data', 'finishedOn')
if found[2] then return '' end
local at = flag_cancelled(KEYS[1], found[1], control.at)
if not at then return '' end
if control.channel ~= '' then redis.call('PUBLISH', control.channel, control.id) end
return at
