--[[
  Fetches the next job for a worker with BullMQ's moveToActive, and marks a job that is past its deadline to start.

  KEYS[1..11]  as in BullMQ's moveToActive-11
  ARGV[1..3]   as in BullMQ's moveToActive-11

  Returns  what moveToActive returns.

  Atomic   the job is active, locked and marked in one step.
  Touches, beyond KEYS: the hash of the fetched job, its lock.
]]
--- @include ../scripts/includes/redis-time.lua
--- @include ./deadline.lua
--- @include ./mark-overdue.lua
--- @bullmq moveToActive
return mark_overdue(bullmq_moveToActive(KEYS, ARGV), ARGV[1])
