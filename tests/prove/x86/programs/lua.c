/* SPDX-License-Identifier: Apache-2.0 */
/* lua < SCRIPT: runs it in Lua 5.4. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

int main(void)
{
    static char script[1 << 16];
    size_t size = fread(script, 1, sizeof script, stdin);
    lua_State *lua = luaL_newstate();
    if (lua == NULL)
        return 1;
    luaL_openlibs(lua);
    if (luaL_loadbuffer(lua, script, size, "script") != LUA_OK ||
            lua_pcall(lua, 0, 0, 0) != LUA_OK) {
        (void)fprintf(stderr, "%s\n", lua_tostring(lua, -1));
        return 1;
    }
    lua_close(lua);
    return 0;
}
