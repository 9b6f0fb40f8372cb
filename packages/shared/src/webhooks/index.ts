export { webhookAllowedHosts, type AllowedHosts } from './allowed-hosts.ts';
export {
  deliveryDataSchema,
  deliveryIdOf,
  maxTries,
  maxTriesKept,
  webhooksQueue,
  type DeliveryData,
} from './delivery.ts';
export { type Lookup } from './resolver.ts';
export { newWebhookSecret, sign, webhookSecrets, type WebhookSecret } from './signature.ts';
export {
  sharedSecretName,
  gatherTenantSecrets,
  signingSecrets,
  tenantSecretName,
  tenantSecrets,
  type SigningSecrets,
  type TenantSecrets,
} from './signing-secrets.ts';
export { targetGuard, type TargetFault, type TargetGuard } from './target-guard.ts';
