/** Until there are API keys, all jobs have one owner. */
export const onlyTenant = 'default';
