export * from '@promptq/shared/jobs';
