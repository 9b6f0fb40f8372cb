-- The slots of a tenant: a set of the ids of its unfinished jobs (`open:<tenant>`), and the set of the tenants that
-- have slots (`open`). finish.lua frees a slot in the step that ends its job. The sweeper frees the slots of removed
-- jobs.
local function has_tenant_slot(root, tenant, max)
  return redis.call('SCARD', root .. 'open:' .. tenant) < max
end
local function take_tenant_slot(root, tenant, id)
  redis.call('SADD', root .. 'open:' .. tenant, id)
  redis.call('SADD', root .. 'open', tenant)
end
