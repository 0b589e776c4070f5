-- The health of an Application, as the wave gate of its parent asks for it. Argo CD has none of its own, and takes none for success.
local function verdict(status, message)
  return { status = status, message = message }
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

local status = obj.status or {}
local sync = status.sync
local operation = status.operationState or {}

if obj.metadata and obj.metadata.deletionTimestamp then
  return verdict("Progressing", "being deleted")
end
if not sync then
  return verdict("Progressing", "not compared yet")
end

-- What was compared before the newest commit says nothing of it.
local wanted = obj.spec and obj.spec.source
if wanted then
  local compared = (sync.comparedTo or {}).source or {}
  for _, field in ipairs({ "repoURL", "path", "chart", "targetRevision" }) do
    if (wanted[field] or "") ~= (compared[field] or "") then
      return verdict("Progressing", "compared with another " .. field)
    end
  end
  -- New values of a chart leave those four alone.
  if not same((wanted.helm or {}).valuesObject or {}, (compared.helm or {}).valuesObject or {}) then
    return verdict("Progressing", "compared with other values")
  end
end

for _, it in ipairs(status.conditions or {}) do
  if it.type == "ComparisonError" or it.type == "InvalidSpecError" then
    return verdict("Degraded", it.type .. ": " .. (it.message or ""))
  end
end

if obj.operation or operation.phase == "Running" or operation.phase == "Terminating" then
  return verdict("Progressing", operation.message or "syncing")
end

if sync.status ~= "Synced" then
  -- A sync that failed leaves objects out, and what is missing counts for nothing in the health below.
  if operation.phase == "Failed" or operation.phase == "Error" then
    return verdict("Degraded", operation.message or "the sync failed")
  end
  return verdict("Progressing", "not synced: " .. (sync.status or "unknown"))
end

local health = status.health or {}
if not health.status then
  return verdict("Progressing", "no health yet")
end
return verdict(health.status, health.message or "")
