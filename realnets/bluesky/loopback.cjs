// node -r ./loopback.cjs server.mjs : a TCP listen() without or with another host is bound to 127.0.0.1.
const net = require('node:net')

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const [first, second] = args
  if (first !== null && typeof first === 'object') {
    if (first.port !== undefined && first.path === undefined) args[0] = { ...first, host: '127.0.0.1' }
  } else if (/^\d+$/.test(String(first))) {
    if (typeof second === 'string') args[1] = '127.0.0.1'
    else args.splice(1, 0, '127.0.0.1')
  }
  return listen.apply(this, args)
}
