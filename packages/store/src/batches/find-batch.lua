--[[
  Reads a batch.

  KEYS[1]     the record of the batch
  KEYS[2...]  the lists of the active jobs of all queues

  ARGV[1]  control (msgpack)
             time, tail  see read-batch.lua

  Returns  { record as a flat list, how many of its jobs are active }, or nil when there is no such batch.

  Atomic   all of it. It writes nothing.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ./read-batch.lua
return read_batch(KEYS[1], KEYS, control.time, control.tail)
