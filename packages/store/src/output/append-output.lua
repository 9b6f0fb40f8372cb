--[[
  Appends a piece to the output of a streamed job and publishes its id, unless a later attempt has begun.

  The id of an entry is the attempt and the number of characters up to the end of the piece. So ids always increase, and
  a process that lost the job cannot write after the process that has it. A piece that begins at the first character
  replaces all earlier pieces, so the stream always holds exactly the output of the attempt that wrote last. The first
  attempt begins with an empty stream, because a job id can be used again after the earlier job was removed.

  KEYS[1]  the stream of the output, and the channel of the same name

  ARGV[1]  control (msgpack)
             attempt   which attempt it is, from 1
             from, to  the characters before this piece and after it
             ttl       seconds for which the stream is kept
  ARGV[2]  the piece

  Returns  'appended'; 'superseded' when a later attempt has begun; 'gap' when the text before the piece is missing, so
           that the whole output has to be written again.

  Atomic   all of it. If it is sent twice because the reply was lost, it appends the piece once.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local attempt, from, to = control.attempt, control.from, control.to
local id = string.format('%.0f-%.0f', attempt, to)
if attempt == 1 and to == 0 then redis.call('UNLINK', KEYS[1]) end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local last_attempt, last_to = 0, 0
if last then
  last_attempt, last_to = string.match(last[1], '(%d+)-(%d+)')
  last_attempt, last_to = tonumber(last_attempt), tonumber(last_to)
end
if last_attempt > attempt then return 'superseded' end
if last_attempt == attempt and last_to >= to then return 'appended' end
if from > 0 and (last_attempt < attempt or last_to ~= from) then return 'gap' end
if from == 0 then
  redis.call('XADD', KEYS[1], 'MINID', '=', id, id, 'text', ARGV[2])
else
  redis.call('XADD', KEYS[1], id, 'text', ARGV[2])
end
redis.call('EXPIRE', KEYS[1], control.ttl)
redis.call('PUBLISH', KEYS[1], id)
return 'appended'
