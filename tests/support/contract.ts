import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface OpenApiDocument {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, unknown> }> }>
  >;
}

const documents = new Map<string, Promise<{ document: OpenApiDocument; ajv: Ajv2020 }>>();

/** Fails unless the response is one that the API's own OpenAPI document describes, in status, media type and body. */
export async function checkContract(
  apiUrl: string,
  path: string,
  method: string,
  response: Response,
): Promise<void> {
  const { document, ajv } = await (documents.get(apiUrl) ?? load(apiUrl));
  const name = path.split('?', 1)[0] ?? '';
  const template = Object.keys(document.paths).find((candidate) =>
    new RegExp(`^${candidate.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(name),
  );
  const mediaType = response.headers.get('content-type')?.split(';', 1)[0] ?? '';
  if (template === undefined) {
    // Not a route: the answer must still be the problem document, which every route knows.
    return validate(ajv, '#/components/schemas/Problem', await response.json());
  }
  const where = `${method} ${template} ${response.status} ${mediaType}`;
  const operations = document.paths[template] ?? {};
  const operation = operations[method.toLowerCase()] ?? Object.values(operations)[0];
  const described = operation?.responses[String(response.status)]?.content?.[mediaType];
  if (described === undefined) throw new Error(`not in the OpenAPI document: ${where}`);
  if (mediaType === 'text/html' || mediaType === 'text/plain') return;
  const operationName = operations[method.toLowerCase()]
    ? method.toLowerCase()
    : Object.keys(operations)[0];
  const pointer = [
    'paths',
    template,
    operationName,
    'responses',
    response.status,
    'content',
    mediaType,
    'schema',
  ]
    .map((part) => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  validate(ajv, `#/${pointer}`, await response.json());
}

function load(apiUrl: string) {
  const loading = (async () => {
    const document = (await (await fetch(`${apiUrl}/openapi.json`)).json()) as OpenApiDocument;
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    ajv.addSchema(document, 'openapi');
    return { document, ajv };
  })();
  documents.set(apiUrl, loading);
  return loading;
}

function validate(ajv: Ajv2020, reference: string, body: unknown): void {
  const check = ajv.getSchema(`openapi${reference}`);
  if (!check) throw new Error(`no schema at ${reference}`);
  if (!check(body))
    throw new Error(`${reference}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(body)}`);
}
