/**
 * Loaded before an API process (`--import`): the script that gives jobs their places in the fair order of tenants is
 * never sent, and each job has the first place. What is missing then is what the order costs.
 */
import { Redis } from 'ioredis';

const valuesBefore = 2;
const valuesOfGroup = 4;

Object.assign(Redis.prototype, {
  promptqFairTags: async (keyCount: number, ...keysAndValues: unknown[]) => {
    const groups = (keysAndValues.length - keyCount - valuesBefore) / valuesOfGroup;
    if (!Number.isInteger(groups)) throw new Error('the script takes other values now');
    return Array.from({ length: groups }, () => 1);
  },
});
