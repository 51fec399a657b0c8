-- The decision cache: a Lua table, O(1) to read, write and revoke (HAProxy 2.6's maps are linear on change).
--
-- One entry a key (host|address|session): { identity, dies, issued_ms, s:<session>, u:<user>, t:<tenant>, ends, assertion }
--   identity   user|roles
--   dies       second of HAProxy's own clock, which never steps back, at which the entry is taken out
--   ends       second of the wall clock past which it is not believed: no table is made to read it, as HAProxy's own clock needs
--   issued_ms  database clock, taken before the session was read
-- Revocation: R[subject] = not-before in ms. An entry lives while issued_ms is later than all three of its subjects' not-befores.
-- `latest` is the latest of all of them: an entry issued after it needs no look-up. Nothing here is ever written to disk.
-- Strangers: a key that was nobody's is answered so for QUIET seconds without asking. An address that brings many such keys in a minute
-- (the configuration counts them) is asked for no more, except under keys that had a decision in the last minutes.

local D, count = {}, 0
local B, swept = {}, 0                                -- keys by the second at which they die; the last second swept
local R, latest = {}, 0
local Q, first, last = {}, 1, 0                       -- revocations in order of arrival, to be forgotten in that order
local L, P, at = {}, {}, {}                           -- running long requests: "address port" -> entries; a list of them; places in it
local S, told = {}, 0                                 -- the number of the last such request of an "address port"; the last number given
local G, H, good = {}, {}, 0                          -- key -> its last entry, of these minutes; of those before; when these began
local N, O, none, strangers = {}, {}, 0, 0            -- nobody's keys -> second of the refusal; those of before; when they began; how many
local QUIET, MINUTES = 2, 150                         -- seconds: an answer to a stranger; how long an entry is in G, and then in H
local DECIDE = os.getenv("GARANT_DECIDE")             -- unix@<run>/decide.sock
local LIFE = tonumber(os.getenv("GARANT_LIFE") or "60")
local SHAPE = "^(%d%d%d%d%d%d%d%d%d%d)|(%d+)|([%w%-]+)|(([%w%-]+)|[%w_,%-]*)|([%w_%.%-]+)$"
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
  D[key], G[key] = e, e
  local second = math.max(e[2], swept + 1)            -- an answer that came late goes into a bucket that is still to come
  local due = B[second]
  if due then due[#due + 1] = key else B[second] = {key} end
end

local function forget(key)
  if D[key] then D[key] = nil; count = count - 1 end
end

-- HTTP/2 runs many requests under one peer, of several sessions: each keeps its entry, a session its oldest.
local function remember(peer, e)
  told = told + 1
  S[peer] = told
  local held = L[peer]
  if not held then
    L[peer] = {e}
    P[#P + 1] = peer; at[peer] = #P
    return
  end
  for i = 1, #held do
    local o = held[i]
    if o[4] == e[4] and o[5] == e[5] and o[6] == e[6] then
      if e[3] < o[3] then held[i] = e end
      return
    end
  end
  held[#held + 1] = e
end

local function ended(peer)
  local place, tail = at[peer], P[#P]
  if not place then return end
  P[place], at[tail] = tail, place
  P[#P], at[peer], L[peer], S[peer] = nil, nil, nil, nil
end

-- What ran under revoked entries was cut: the others of the same peer stay.
local function spare(peer)
  local kept = {}
  for _, e in ipairs(L[peer] or {}) do
    if not revoked(e) then kept[#kept + 1] = e end
  end
  if #kept == 0 then ended(peer) else L[peer] = kept end
end

local function to_cut(peer)
  for _, e in ipairs(L[peer] or {}) do
    if revoked(e) then return true end
  end
  return false
end

local function stranger(key, second)
  if #key > 400 then return end                       -- no cookie of ours: counted each time, never kept
  if not N[key] then strangers = strangers + 1 end
  N[key] = second
  if strangers > 100000 then N, O, none, strangers = {}, N, second, 0 end
end

-- A hit gives the identity; anything else no value at all: HAProxy's `field` takes its first field from an empty text too.
core.register_converters("decision", function(key)
  local e = D[key]
  if not e or e[7] <= time() then return end
  if e[3] <= latest and revoked(e) then return end
  return e[1]
end)

-- The assertion of a hit, by itself: HAProxy's own converters would walk its several hundred characters. Asked after `decision` said yes;
-- when the entry died meanwhile, it is still the one that was believed.
core.register_converters("assertion", function(key)
  local e = D[key] or G[key] or H[key]
  return e and e[8] or ""
end)

-- `exp|iat_ms|tenant|user|roles|assertion` for this tenant, or nil. The life is bounded thrice: by the answer, by the wall clock, by LIFE.
local function entry(value, tenant, session, asked)
  local exp, ms, of, identity, user, assertion = value:match(SHAPE)
  if not exp or of ~= tenant then return nil end
  exp, ms = tonumber(exp), tonumber(ms)
  local wall = time()
  local left = math.min(exp - wall, exp - ms // 1000, LIFE)
  if left <= 0 then return nil end
  return {identity, asked + left, ms, "s:" .. session, "u:" .. user, "t:" .. tenant, wall + left, assertion}
end

-- One question: an entry, or nil and what it means: "down" when nobody could answer, "nobody" when there is no such session.
local function ask(txn)
  local asked = now().sec
  local answer = core.httpclient():get{url = "http://127.0.0.1/decide", dst = DECIDE, timeout = 2000, headers = {
    ["host"]        = {"127.0.0.1"},
    ["x-edge-sid"]  = {txn:get_var("txn.sid")  or ""},
    ["x-edge-ip"]   = {txn:get_var("sess.ip")   or ""},
    ["x-edge-host"] = {txn:get_var("txn.host") or ""}}}
  if answer and (answer.status == 401 or answer.status == 403) then return nil, answer.status == 401 and "nobody" or "refused" end
  local field = answer and answer.status == 200 and answer.headers["x-decision"]
  local value = field and field[0]
  if not value or field[1] then return nil, "down" end
  local e = entry(value, txn:get_var("txn.tenant"), txn:get_var("txn.sh"), asked)
  return e, not e and "down" or nil
end

core.register_action("garant_miss", {"http-req"}, function(txn)
  local key, second = txn:get_var("txn.key"), now().sec
  local met = N[key] or O[key]
  if met and second - met < QUIET then return end
  if txn:get_var("txn.guessing") and not G[key] and not H[key] then
    txn:set_var("txn.tired", 1)
    return
  end
  for _ = 1, 2 do                                     -- an answer revoked on its way is asked once more
    local e, why = ask(txn)
    if why == "down" then txn:set_var("txn.down", 1) end
    if why == "nobody" then
      if not met then txn:set_var("txn.stranger", 1) end
      stranger(key, second)
    end
    if not e then return end
    if not revoked(e) then
      put(key, e)
      txn:set_var("req.d", e[1])
      return
    end
  end
end)

-- What may run for long (upgrade, upload, download) is remembered, so that a revocation can cut it.
core.register_action("garant_live", {"http-req", "http-res"}, function(txn)
  local key = txn:get_var("txn.key")
  local e = D[key] or G[key] or H[key]                -- it may have died while the application was at work
  if not e then return end
  remember(txn.f:src() .. " " .. txn.f:src_port(), e)
  if revoked(e) then txn:done() end                   -- revoked between the hit and here, on another thread
end)

local function cli(word, run)
  core.register_cli({"garant", word}, "garant " .. word, function(a, _, _, one, two, three) a:send(run(one, two, three) .. "\n") end)
end

-- garant revoke <s:|u:|t:><key> <ms>: prints "address port" of each running request to cut, again until `garant cut` says that it was.
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
    if peer and to_cut(peer) then cut[#cut + 1] = peer end
  end
  return table.concat(cut, "\n")
end)
cli("cut", function(address, port) spare(address .. " " .. port); return "ok" end)
-- garant live: "address port number"; garant ended <address> <port> <number>: forgotten, unless another has begun since that number.
cli("live", function()
  local lines = {}
  for place = #P, 1, -1 do
    local peer = P[place]
    if peer then lines[#lines + 1] = peer .. " " .. S[peer] end
  end
  return table.concat(lines, "\n")
end)
cli("ended", function(address, port, number)
  local peer = address .. " " .. port
  if tostring(S[peer]) == number then ended(peer) end
  return "ok"
end)
cli("clear", function()
  D, B, count = {}, {}, 0
  G, H, N, O, strangers = {}, {}, {}, {}, 0
  return "ok"
end)
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
    if second - good >= MINUTES then G, H, good = {}, G, second end
    if second - none >= 60 then N, O, none, strangers = {}, N, second, 0 end
    while Q[first] and Q[first][3] < second do         -- no decision older than this revocation can live any more
      local subject, ms = Q[first][1], Q[first][2]
      Q[first], first = nil, first + 1
      if R[subject] == ms then R[subject] = nil end
    end
  end
end)
