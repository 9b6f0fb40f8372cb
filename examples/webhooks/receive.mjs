// npm install standardwebhooks; WEBHOOK_SECRET=whsec_... node receive.mjs
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
createServer(async (req, res) => {
  try {
    const event = webhook.verify(await text(req), req.headers);
    console.log(event.type, event.data.id); // An event can arrive twice, with the same webhook-id.
    res.writeHead(204).end();
  } catch {
    res.writeHead(401).end();
  }
}).listen(4000);
