-- The health of a workspace's resource, from the conditions that its operator writes.
local function verdict(status, message)
  return { status = status, message = message }
end

local status = obj.status or {}

if obj.metadata and obj.metadata.deletionTimestamp then
  return verdict("Progressing", "being deleted")
end

local holds = {}
for _, it in ipairs(status.conditions or {}) do
  holds[it.type] = it
end

-- What was said of an earlier spec says nothing of this one.
local generation = obj.metadata and obj.metadata.generation
local function of_now(condition)
  return condition and (not generation or not condition.observedGeneration or condition.observedGeneration >= generation)
end
local function is(type, value)
  local condition = holds[type]
  return of_now(condition) and condition.status == value and condition
end

local refused = is("Accepted", "False")
if refused then
  return verdict("Degraded", refused.reason .. ": " .. (refused.message or ""))
end
local broken = is("Degraded", "True")
if broken then
  return verdict("Degraded", broken.reason .. ": " .. (broken.message or ""))
end
if obj.spec and obj.spec.suspend and is("Accepted", "True") then
  return verdict("Suspended", "the workspace is at rest")
end
-- It waits for room, and nothing that Argo CD could do helps.
local waits = is("Admitted", "False")
if waits then
  return verdict("Suspended", waits.reason .. ": " .. (waits.message or ""))
end
local ready = is("Ready", "True")
if ready then
  return verdict("Healthy", ready.message or "")
end
local why = of_now(holds.Ready) and holds.Ready or {}
return verdict("Progressing", why.message or why.reason or "the operator has not looked at it yet")
