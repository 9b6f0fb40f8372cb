/** `pnpm keygen webhook`: prints a new secret. */
import { newWebhookSecret } from '@promptq/shared/webhooks';

const help = `pnpm keygen webhook

Prints a new secret that webhooks are signed with, for WEBHOOK_SECRET of the API and the workers, and of receivers.
To rotate: set WEBHOOK_SECRET=<new>,<old> on both; give receivers the new one; then set WEBHOOK_SECRET=<new>.`;

const [what, ...rest] = process.argv.slice(2).filter((argument) => argument !== '--');
if (what === '--help' || what === '-h') {
  console.log(help);
} else if (what === 'webhook' && rest.length === 0) {
  console.log(newWebhookSecret());
} else {
  console.error(
    `What to make: "webhook"${what === undefined ? '' : `, not "${what}"`}.\n\n${help}`,
  );
  process.exitCode = 1;
}
