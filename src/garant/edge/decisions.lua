-- The decision cache: a Lua table, O(1) to read, write and revoke (HAProxy 2.6's maps are linear on change).
--
-- One entry a key (host|address|session): { identity, dies, issued_ms, s:<session>, u:<user>, t:<tenant> }
--   identity   user|roles|assertion, what becomes headers
--   dies       second of HAProxy's own clock, which never steps back, past which the entry is dead
--   issued_ms  database clock, taken before the session was read
-- Revocation: R[subject] = not-before in ms. An entry lives while issued_ms is later than all three of its subjects' not-befores.
-- `latest` is the latest of all of them: an entry issued after it needs no look-up. Nothing here is ever written to disk.

local D, count = {}, 0
local R, R_at, latest = {}, {}, 0
local L = {}                                          -- running long requests: "address:port" -> entry
local DECIDE = os.getenv("GARANT_DECIDE")             -- unix@<run>/decide.sock
local LIFE = tonumber(os.getenv("GARANT_LIFE") or "60")
local SHAPE = "^(%d%d%d%d%d%d%d%d%d%d)|(%d+)|([%w%-]+)|(([%w%-]+)|[%w_,%-]*|[%w_%.%-]+)$"
local now = core.now

local function revoked(e)
  local r = R[e[4]]
  if r and e[3] <= r then return true end
  r = R[e[5]]
  if r and e[3] <= r then return true end
  r = R[e[6]]
  return r ~= nil and e[3] <= r
end

local function put(key, e)
  if not D[key] then count = count + 1 end
  D[key] = e
end

local function forget(key)
  if D[key] then D[key] = nil; count = count - 1 end
end

-- A hit gives the identity; anything else the empty string.
core.register_converters("decision", function(key)
  local e = D[key]
  if not e or e[2] <= now().sec then return "" end
  if e[3] <= latest and revoked(e) then return "" end
  return e[1]
end)

-- `exp|iat_ms|tenant|user|roles|assertion` for this tenant, or nil. The life is bounded thrice: by the answer, by the wall clock, by LIFE.
local function entry(value, tenant, session, asked)
  local exp, ms, of, identity, user = value:match(SHAPE)
  if not exp or of ~= tenant then return nil end
  exp, ms = tonumber(exp), tonumber(ms)
  local left = math.min(exp - os.time(), exp - ms // 1000, LIFE)
  if left <= 0 then return nil end
  return {identity, asked + left, ms, "s:" .. session, "u:" .. user, "t:" .. tenant}
end

-- One question: an entry, or nil; the second value is true when nobody could answer.
local function ask(txn)
  local asked = now().sec
  local answer = core.httpclient():get{url = "http://127.0.0.1/decide", dst = DECIDE, timeout = 2000, headers = {
    ["host"]        = {"127.0.0.1"},
    ["x-edge-sid"]  = {txn:get_var("txn.sid")  or ""},
    ["x-edge-ip"]   = {txn:get_var("txn.ip")   or ""},
    ["x-edge-host"] = {txn:get_var("txn.host") or ""}}}
  if answer and (answer.status == 401 or answer.status == 403) then return nil, false end
  local field = answer and answer.status == 200 and answer.headers["x-decision"]
  local value = field and field[0]
  if not value or field[1] then return nil, true end
  local e = entry(value, txn:get_var("txn.tenant"), txn:get_var("txn.sh"), asked)
  return e, not e
end

core.register_action("garant_miss", {"http-req"}, function(txn)
  for _ = 1, 2 do                                     -- an answer revoked on its way is asked once more
    local e, down = ask(txn)
    if down then txn:set_var("txn.down", 1) end
    if not e then return end
    if not revoked(e) then
      put(txn:get_var("txn.key"), e)
      txn:set_var("txn.d", e[1])
      return
    end
  end
end)

-- What may run for long (upgrade, upload, download) is remembered, so that a revocation can cut it.
core.register_action("garant_live", {"http-req", "http-res"}, function(txn)
  local e = D[txn:get_var("txn.key")]
  if e then L[txn.f:src() .. " " .. txn.f:src_port()] = e end
end)

local function cli(word, run)
  core.register_cli({"garant", word}, "garant " .. word, function(a, _, _, one, two) a:send(run(one, two) .. "\n") end)
end

-- garant revoke <s:|u:|t:><key> <ms>: prints "address port" of each running request to cut.
cli("revoke", function(subject, ms)
  ms = tonumber(ms)
  if not subject or not ms then return "garant revoke <subject> <ms>" end
  if ms > (R[subject] or 0) then R[subject], R_at[subject] = ms, now().sec end
  if ms > latest then latest = ms end
  local cut = {"revoked"}
  for peer, e in pairs(L) do
    if revoked(e) then cut[#cut + 1] = peer; L[peer] = nil end
  end
  return table.concat(cut, "\n")
end)
cli("live", function()
  local peers = {}
  for peer in pairs(L) do peers[#peers + 1] = peer end
  return table.concat(peers, "\n")
end)
cli("ended", function(address, port) L[address .. " " .. port] = nil; return "ok" end)
cli("clear", function() D, count = {}, 0; return "ok" end)
cli("count", function() return tostring(count) end)
core.register_task(function()
  while true do
    core.msleep(10000)
    local second, dead = now().sec, {}
    for key, e in pairs(D) do
      if e[2] <= second then dead[#dead + 1] = key end
    end
    for i, key in ipairs(dead) do
      local e = D[key]
      if e and e[2] <= second then forget(key) end
      if i % 2000 == 0 then core.yield() end
    end
    for subject, at in pairs(R_at) do                 -- no decision older than this revocation can live any more
      if at + 2 * LIFE + 10 < second then R[subject], R_at[subject] = nil, nil end
    end
  end
end)
