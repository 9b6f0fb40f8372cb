export {
  deliveryDataSchema,
  deliveryIdOf,
  mostTries,
  mostTriesKept,
  openDeliveries,
  queueDeliveries,
  webhooksQueue,
  type DeliveryData,
} from './delivery.ts';
export { readDelivery } from './read-delivery.ts';
export { redeliver } from './redeliver.ts';
