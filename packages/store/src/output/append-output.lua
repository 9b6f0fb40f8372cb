--[[
  Appends a piece to the output of a streamed job and announces it, unless another attempt has begun.

  The id of an entry is how far the output has come: the attempt, and the characters after this piece. So ids grow, whoever
  writes them, and a process that lost the job cannot write behind the one that has it. A piece that begins with the first
  character replaces all before it, so the stream always holds the whole output of the attempt that wrote last, and no more.
  The first attempt begins with an empty stream, because an id can come back when the job that had it is no longer kept.

  KEYS[1]  the stream of the output, and the channel of the same name

  ARGV[1]  control (msgpack)
             attempt   which attempt it is, from 1
             from, to  the characters before this piece and after it
             ttl       seconds for which the stream is kept
  ARGV[2]  the piece

  Returns  'appended'; 'superseded' when another attempt has begun; 'gap' when what the piece follows is not there (any more):
           the whole output has to be written again.

  Atomic   all of it. Sent twice (the reply was lost on the wire), it appends the piece once.
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
