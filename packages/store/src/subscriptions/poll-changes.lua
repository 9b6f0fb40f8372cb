--[[
  Reads the fields that change when a job starts, makes progress, is retried or finishes. It does not read the data,
  which can be large.

  KEYS[...]  for each job, its hash and its lock

  Returns  one text for each job; it differs when the job has changed.

  The lock exists while the job runs. In BullMQ 6, `ats` counts the attempts started and `atm` those made.

  Atomic   all of it. It writes nothing.
  Touches nothing beyond KEYS.
]]
local states = {}
for at = 1, #KEYS, 2 do
  local fields = redis.call('HMGET', KEYS[at], 'ats', 'atm', 'finishedOn', 'progress')
  fields[5] = redis.call('EXISTS', KEYS[at + 1])
  for i = 1, 4 do fields[i] = fields[i] or '' end
  states[#states + 1] = table.concat(fields, ' ')
end
return states
