--[[
  Finds the requests of a batch whose jobs were removed by hand: they were released, have no result, and their jobs do
  not exist.

  KEYS[1]  the record of the batch
  KEYS[2]  the hash of its results

  ARGV[1]  control (msgpack)
             from, to  the requests to check: from index `from` to before index `to`
             jobs      by the first character of a pending mark: { before, after }, the beginning and the end of the key
                       of the job's hash; between them is the index as four hexadecimal digits

  Returns  the indexes and the marks of these requests as a flat list.

  Atomic   all of it. release.lua adds a job and counts it as released in one step, so a job that is being added is not
           found. The script writes nothing.
  Touches, beyond KEYS: the hashes of the jobs.
]]
local control = cmsgpack.unpack(ARGV[1])
local released = tonumber(redis.call('HGET', KEYS[1], 'released') or 0)
local found = {}
for index = control.from, math.min(control.to, released) - 1 do
  local mark = redis.call('HGET', KEYS[2], index)
  local job = mark and control.jobs[string.sub(mark, 1, 1)]
  if job and redis.call('EXISTS', job.before .. string.format('%04x', index) .. job.after) == 0 then
    found[#found + 1] = tostring(index)
    found[#found + 1] = mark
  end
end
return found
