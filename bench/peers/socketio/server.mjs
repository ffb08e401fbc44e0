// SPDX-License-Identifier: Apache-2.0
// A chat's server on Socket.IO, with as little around it as there can be: a client joins a room and is told when it has;
// what a client publishes goes to everybody in the room as the event "message".
//   node server.mjs PORT [TRANSPORT…]
import { createServer } from "node:http";
import { Server } from "socket.io";

const port = Number(process.argv[2] ?? 21040);
const transports = process.argv.slice(3);
const http = createServer();
const io = new Server(http, {
  transports: transports.length ? transports : ["websocket"], // by default no long polling before the WebSocket
  allowUpgrades: false,
  perMessageDeflate: false, // the default, said aloud: no compression
  httpCompression: false,
  serveClient: false, // no client script is read and served
  maxHttpBufferSize: 1 << 20, // the benchmark's large messages
});

// Recommended for memory: the upgrade's request is not needed any more.
io.engine.on("connection", (connection) => {
  connection.request = null;
});

io.on("connection", (socket) => {
  socket.on("join", (room, done) => {
    socket.join(room);
    done();
  });
  socket.on("publish", (room, data) => {
    io.to(room).emit("message", data);
  });
});

http.listen({ port, host: "127.0.0.1", backlog: 65535 }, () => console.log("ready"));
