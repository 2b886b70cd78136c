// PostGraphile 4 over HTTP, set up for speed: `node server.js SOCKET_FOLDER USER DATABASE`.
// It says its port on stdout and ends when its stdin does.
"use strict";

process.env.NODE_ENV = "production";
process.env.GRAPHILE_TURBO = "1"; // its faster build for recent versions of Node.js

const http = require("http");
const { Pool } = require("pg");
const { postgraphile } = require("postgraphile");

const [host, user, database] = process.argv.slice(2);
const pool = new Pool({ host, user, database, max: 12 });
const server = http.createServer(
  postgraphile(pool, "rival", {
    graphiql: false,
    disableQueryLog: true,
    disableDefaultMutations: true,
    ignoreRBAC: true,
    dynamicJson: true,
    legacyRelations: "omit",
    simpleCollections: "both",
    setofFunctionsContainNulls: false,
    watchPg: false,
    retryOnInitFail: false,
  }),
);
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
