-- SPDX-License-Identifier: Apache-2.0
-- Integers, floats, strings, tables, closures: something of each.
local function sieve(n)
  local composite, primes = {}, {}
  for i = 2, n do
    if not composite[i] then
      primes[#primes + 1] = i
      for j = i * i, n, i do composite[j] = true end
    end
  end
  return primes
end
local primes = sieve(20000)
print(#primes, primes[#primes])

local sum = 0.0
for i = 1, 20000 do sum = sum + math.sin(i) * math.sqrt(i) / (i % 7 + 0.5) end
print(string.format("%.12g", sum))

local words = {}
for word in ("the quick brown fox jumps over the lazy dog and the cat"):gmatch("%a+") do
  words[word] = (words[word] or 0) + 1
end
local names = {}
for word in pairs(words) do names[#names + 1] = word end
table.sort(names)
for _, word in ipairs(names) do io.write(word, "=", words[word], " ") end
print()

local function fibonacci(n) return n < 2 and n or fibonacci(n - 1) + fibonacci(n - 2) end
print(fibonacci(20), 1 << 40, 7 // 2, -7 % 3, 2 ^ 0.5, 1e300 * 1e10)
