-- The decision cache: a Lua table, O(1) to read, write and revoke (HAProxy 2.6's maps are linear on change).
--
-- One entry a key (host|address|session): { identity, dies, issued_ms, s:<session>, u:<user>, t:<tenant>, ends }
--   identity   user|roles|assertion, what becomes headers
--   dies       second of HAProxy's own clock, which never steps back, at which the entry is taken out
--   ends       second of the wall clock past which it is not believed: no table is made to read it, as HAProxy's own clock needs
--   issued_ms  database clock, taken before the session was read
-- Revocation: R[subject] = not-before in ms. An entry lives while issued_ms is later than all three of its subjects' not-befores.
-- `latest` is the latest of all of them: an entry issued after it needs no look-up. Nothing here is ever written to disk.

local D, count = {}, 0
local B, swept = {}, 0                                -- keys by the second at which they die; the last second swept
local R, latest = {}, 0
local Q, first, last = {}, 1, 0                       -- revocations in order of arrival, to be forgotten in that order
local L, P, at = {}, {}, {}                           -- running long requests: "address port" -> entry; a list of them; places in it
local DECIDE = os.getenv("GARANT_DECIDE")             -- unix@<run>/decide.sock
local LIFE = tonumber(os.getenv("GARANT_LIFE") or "60")
local SHAPE = "^(%d%d%d%d%d%d%d%d%d%d)|(%d+)|([%w%-]+)|(([%w%-]+)|[%w_,%-]*|[%w_%.%-]+)$"
local now, time = core.now, os.time

-- HAProxy may pause Lua at any instruction and run other Lua meanwhile: no table is walked with `pairs` while others may add to it.

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
  local second = math.max(e[2], swept + 1)            -- an answer that came late goes into a bucket that is still to come
  local due = B[second]
  if due then due[#due + 1] = key else B[second] = {key} end
end

local function forget(key)
  if D[key] then D[key] = nil; count = count - 1 end
end

local function remember(peer, e)
  if not L[peer] then P[#P + 1] = peer; at[peer] = #P end
  L[peer] = e
end

local function ended(peer)
  local place, tail = at[peer], P[#P]
  if not place then return end
  P[place], at[tail] = tail, place
  P[#P], at[peer], L[peer] = nil, nil, nil
end

-- A hit gives the identity; anything else the empty string.
core.register_converters("decision", function(key)
  local e = D[key]
  if not e or e[7] <= time() then return "" end
  if e[3] <= latest and revoked(e) then return "" end
  return e[1]
end)

-- `exp|iat_ms|tenant|user|roles|assertion` for this tenant, or nil. The life is bounded thrice: by the answer, by the wall clock, by LIFE.
local function entry(value, tenant, session, asked)
  local exp, ms, of, identity, user = value:match(SHAPE)
  if not exp or of ~= tenant then return nil end
  exp, ms = tonumber(exp), tonumber(ms)
  local wall = time()
  local left = math.min(exp - wall, exp - ms // 1000, LIFE)
  if left <= 0 then return nil end
  return {identity, asked + left, ms, "s:" .. session, "u:" .. user, "t:" .. tenant, wall + left}
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
  if not e then return end
  remember(txn.f:src() .. " " .. txn.f:src_port(), e)
  if revoked(e) then txn:done() end                   -- revoked between the hit and here, on another thread
end)

local function cli(word, run)
  core.register_cli({"garant", word}, "garant " .. word, function(a, _, _, one, two) a:send(run(one, two) .. "\n") end)
end

-- garant revoke <s:|u:|t:><key> <ms>: prints "address port" of each running request to cut.
cli("revoke", function(subject, ms)
  ms = tonumber(ms)
  if not subject or not ms then return "garant revoke <subject> <ms>" end
  if ms > (R[subject] or 0) then
    R[subject] = ms
    last = last + 1
    Q[last] = {subject, ms, now().sec + 2 * LIFE + 10}
  end
  if ms > latest then latest = ms end
  local cut = {"revoked"}
  for place = #P, 1, -1 do
    local peer = P[place]
    if peer and revoked(L[peer]) then cut[#cut + 1] = peer; ended(peer) end
  end
  return table.concat(cut, "\n")
end)
cli("live", function() return table.concat(P, "\n") end)
cli("ended", function(address, port) ended(address .. " " .. port); return "ok" end)
cli("clear", function() D, B, count = {}, {}, 0; return "ok" end)
cli("count", function() return tostring(count) end)
core.register_task(function()
  while true do
    core.msleep(1000)
    local from, second, done = swept, now().sec, 0
    swept = second                                    -- from here on no key is put into a bucket of the past
    for due = from > 0 and from + 1 or second - 1, second do
      local keys = B[due]
      B[due] = nil
      for _, key in ipairs(keys or {}) do
        local e = D[key]
        if e and e[2] <= second then forget(key) end
        done = done + 1
        if done % 1000 == 0 then core.yield() end
      end
    end
    while Q[first] and Q[first][3] < second do         -- no decision older than this revocation can live any more
      local subject, ms = Q[first][1], Q[first][2]
      Q[first], first = nil, first + 1
      if R[subject] == ms then R[subject] = nil end
    end
  end
end)
