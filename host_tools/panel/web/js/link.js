// The WebSocket: messages out as {do, value}; in as JSON or frames of bytes. Comes back by itself.

const handlers = new Map();
let socket = null;
let opened = () => {};
let closed = () => {};
let pause = 500;

export function on(kind, handler) {
  handlers.set(kind, handler);
}

export const handler = (kind) => handlers.get(kind);

export function send(name, value = null) {
  if (socket && socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({ do: name, value }));
    return true;
  }
  return false;
}

export function connect(whenOpen, whenClosed) {
  opened = whenOpen;
  closed = whenClosed;
  open();
}

function open() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/live`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { pause = 500; opened(); };
  socket.onclose = () => {
    closed();
    setTimeout(open, pause);
    pause = Math.min(pause * 2, 8000);
  };
  socket.onmessage = (event) => {
    if (typeof event.data === "string") {
      const message = JSON.parse(event.data);
      handlers.get(message.is)?.(message);
    } else {
      const view = new DataView(event.data);
      handlers.get(view.getUint8(0))?.(view);
    }
  };
}
