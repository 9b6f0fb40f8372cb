// npm install openai; WEBHOOK_SECRET=whsec_... node receive-openai.mjs
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import OpenAI from 'openai';

const client = new OpenAI({ apiKey: 'not used', webhookSecret: process.env.WEBHOOK_SECRET });
createServer(async (req, res) => {
  try {
    const event = await client.webhooks.unwrap(await text(req), req.headers);
    console.log(event.type, event.data.id);
    res.writeHead(204).end();
  } catch {
    res.writeHead(401).end();
  }
}).listen(4000);
