interface OpenApiPaths {
  paths: Record<
    string,
    Record<string, { parameters?: { in: string; name: string }[] } | undefined> | undefined
  >;
}

/** Whether the API's own OpenAPI document has an operation, and that operation a header. */
export async function offers(
  apiUrl: string,
  method: 'get' | 'post',
  path: string,
  header?: string,
): Promise<boolean> {
  const { paths } = (await (await fetch(`${apiUrl}/openapi.json`)).json()) as OpenApiPaths;
  const operation = paths[path]?.[method];
  if (header === undefined || operation === undefined) return operation !== undefined;
  return operation.parameters?.some((one) => one.in === 'header' && one.name === header) ?? false;
}
