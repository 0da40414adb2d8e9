import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import type { Plan } from '../../../configuration/diff.ts'
import type { ConfigurationError } from '../../../configuration/problems.ts'
import { errorsByField } from '../../../http/errors/problem.ts'
import { requireMatch, sendEtag } from '../../../http/etag.ts'
import { AppError } from '../../../shared/errors.ts'
import { ValidationError } from '../../../shared/validation-error.ts'
import { accessGuard } from '../access/guard.ts'
import type { RestContext } from '../context.ts'
import { callerOf } from '../guard.ts'
import { createOnce } from '../idempotency.ts'
import { refuseConfigurationChange } from '../machine.ts'
import { operation } from '../operation.ts'
import { time } from '../schemas.ts'
import { applied, drift, fileBody, plan } from './schemas.ts'

const area = 'configuration' as const

/** Bytes. Some five thousand clients; reading a file keeps the event loop, so that larger ones are for the command line. */
const LARGEST = 1024 * 1024

const exportConfiguration = operation({
  id: 'exportConfiguration',
  area,
  needs: 'configuration.read',
  summary: 'Export settings, APIs, roles, groups, providers and clients as a configuration file',
  description: 'YAML (`application/yaml`), without secrets. Applying it here changes nothing.',
  safe: true,
  answers: [200, 'The file.'],
})

const readDrift = operation({
  id: 'readConfigurationDrift',
  area,
  needs: 'configuration.read',
  summary: 'What differs from the file that was applied last',
  description: 'Secrets are left aside.',
  safe: true,
  answers: [200, 'The differences.', drift],
})

const FILE =
  'The file, at most 1 MiB, is sent as `application/yaml`, or as `yaml` in a JSON object beside the secrets that it names. No variable and no file of the server is read for it.'

const planConfiguration = operation({
  id: 'planConfiguration',
  area,
  needs: 'configuration.plan',
  summary: 'What applying a configuration file would do',
  description: `${FILE} Changes nothing. \`ETag\` names the plan: with \`If-Match\`, just that one is applied.`,
  body: fileBody,
  answers: [200, 'The plan.', plan],
})

const applyConfiguration = operation({
  id: 'applyConfiguration',
  area,
  needs: 'configuration.apply',
  summary: 'Make what exists what a configuration file says',
  description: `${FILE} Stops at the first failure: look at \`status\`. A client that acts for itself changes no client that may administer this server, gives no scope of administration, and sets no \`key\`.`,
  once: true,
  conditional: true,
  body: fileBody,
  answers: [200, 'What was done.', applied],
})

/** Another one for each other plan. */
const planVersion = ({ changes }: Plan): string =>
  createHash('sha256').update(JSON.stringify(changes)).digest('base64url').slice(0, 22)

/** The same sentences as on the command line, with what to do here. */
const missing = ({ env, file }: { env?: string; file?: string }): string =>
  env === undefined
    ? `${file} is not read here; name it with client_secret_env, and send it in secrets`
    : `the secret ${env} was not sent in secrets`

const isRefusedFile = (error: unknown): error is ConfigurationError =>
  error instanceof AppError && error.code === 'invalid_configuration'

/** A refused file, by line; how many of its problems are shown is for src/http/errors/problem.ts. */
const refusedFile = ({ code, status, problems }: ConfigurationError): ValidationError =>
  new ValidationError(
    problems.map(({ path, line, message }) => ({
      field: path || 'yaml',
      message: `line ${line}: ${message}`,
    })),
    {
      code,
      status,
      message: `The file cannot be applied: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}.`,
    },
  )

/** Does something with a file; what is wrong with it comes back by place and line. */
async function aboutFile<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw isRefusedFile(error) ? refusedFile(error) : error
  }
}

/** What is told of the step that failed. What nobody foresaw is for the log. */
function failureOf(error: unknown, request: FastifyRequest): { code: string; messages: string[] } {
  if (!(error instanceof AppError)) {
    request.log.error({ err: error }, 'a change of a configuration file failed')
    return { code: 'internal', messages: ['Something went wrong on our side. The log says what.'] }
  }
  const fields = Object.entries(errorsByField(error) ?? {})
  const messages = fields.flatMap(([field, all]) => all.map((message) => `${field}: ${message}`))
  return { code: error.code, messages: messages.length > 0 ? messages : [error.publicMessage] }
}

/** `/configuration` */
export function configurationRoutes({ app, deps }: RestContext): void {
  void app.register(async (scope) => {
    scope.addContentTypeParser<string>('application/yaml', { parseAs: 'string' }, (_request, text, done) => {
      if (text.includes('\0'))
        done(new AppError('invalid_request', 400, 'This request holds a NUL character.'))
      else done(null, { yaml: text })
    })
    routes(scope, deps)
  })
}

function routes(scope: FastifyInstance, deps: RestContext['deps']): void {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const { configuration } = deps
  const { refuseOfChange } = accessGuard(deps)
  const settings = deps.settings.described
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)
  const reader =
    (secrets: Readonly<Record<string, string>>) =>
    ({ env }: { env?: string }) =>
      env !== undefined && Object.hasOwn(secrets, env) ? secrets[env] : undefined

  app.get('/configuration', { ...exportConfiguration, ...limit }, async (_request, reply) =>
    reply
      .type('application/yaml; charset=utf-8')
      .header('content-disposition', 'attachment; filename="latchkey.yaml"')
      .send(await configuration.export()),
  )

  app.get('/configuration/drift', { ...readDrift, ...limit }, async () => {
    const found = await configuration.drift()
    return {
      applied_at: found ? time(found.appliedAt) : null,
      applied_by: found?.appliedBy.name ?? null,
      problem: found?.problem ?? null,
      changes: found?.plan?.changes ?? [],
      unnamed: found?.plan?.unnamed ?? null,
    }
  })

  const body = { bodyLimit: LARGEST }

  app.post('/configuration/plan', { ...planConfiguration, ...limit, ...body }, async (request, reply) => {
    const { yaml, secrets } = request.body
    const made = await aboutFile(configuration.plan(yaml, reader(secrets), { missing }))
    sendEtag(reply, planVersion(made))
    return made
  })

  app.post('/configuration/apply', { ...applyConfiguration, ...limit, ...body }, async (request, reply) => {
    const caller = callerOf(request)
    const { yaml, secrets } = request.body
    const answer = await once(request, reply, async () => {
      const { failed, ...done } = await aboutFile(
        configuration.apply(yaml, reader(secrets), {
          missing,
          async check(made, before) {
            requireMatch(request, planVersion(made))
            for (const change of made.changes) {
              refuseConfigurationChange(caller, change, { before: before(change), settings })
              await refuseOfChange(request, change, before(change))
            }
          },
        }),
      )
      const failure = failed && { change: failed.change, ...failureOf(failed.error, request) }
      const body: z.input<typeof applied> = {
        status: failure ? 'stopped' : 'applied',
        ...done,
        ...(failure && { failed: failure }),
      }
      return { body }
    })
    reply.code(200)
    return answer
  })
}
