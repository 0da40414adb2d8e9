import { t } from '../shared/locales/texts.ts'
import { writtenRole } from '../shared/role-name.ts'
import { ValidationError } from '../shared/validation-error.ts'
import type { Kind, Wanted } from './document.ts'
import type { Fields, PlannedSettings, Services } from './ports.ts'
import type { Path } from './yaml-text.ts'

/** Tells a problem. @param field of the entry; empty: the entry as a whole */
export type Report = (field: Path, message: string) => void

/** One setting of a file. Empty: refused, and told. @param line of the file */
export function settingOf(
  name: string,
  value: unknown,
  { settings }: Services,
  line: number,
  report: Report,
): Wanted[] {
  const found = complete(settings, { [name]: value }, (_field, message) => report([], message))
  return found ? [{ kind: 'setting', name, fields: { value: found[name] }, line }] : []
}

/** The texts of one language of a file; those that are refused are told, and left out. @param line of the file, of a key */
export async function textsOf(
  locale: string,
  given: readonly (readonly [string, unknown])[],
  { texts }: Pick<Services, 'texts'>,
  line: (key: string) => number,
  report: Report,
): Promise<Wanted[]> {
  const { texts: read, problems } = await texts.read(locale, Object.fromEntries(given))
  for (const { field, message } of problems) report(field === '' ? [] : [field], message)
  const refused = new Set(problems.map(({ field }) => field))
  return read
    .filter(({ key }) => !refused.has(String(key)))
    .map(({ name, ...fields }) => ({ kind: 'text', name, fields, line: line(String(fields.key)) }))
}

/** What a file names a role by. */
export const roleName = ({ name, resource }: Fields): string =>
  writtenRole({ name: String(name), resource: typeof resource === 'string' ? resource : undefined })

/** Kinds that differ in their fields alone. */
const DESCRIBED = [
  'role',
  'group',
  'organization',
  'attribute',
  'claim',
  'hook',
  'webhook',
  'administrator_role',
  'brand',
  'text',
] as const

/** What a file names one by. */
const nameOf = (kind: DescribedKind, fields: Fields): string => {
  if (kind === 'role') return roleName(fields)
  if (kind === 'brand') return String(fields.of)
  if (kind === 'webhook') return String(fields.url)
  return String(kind === 'organization' ? fields.slug : fields.name)
}

export type DescribedKind = (typeof DESCRIBED)[number]
export const isDescribed = (kind: Kind): kind is DescribedKind =>
  (DESCRIBED as readonly Kind[]).includes(kind)

/** One resource, role, group, organization, attribute, claim, provider or client of a file. Empty: refused, and told. @param line of the file */
export function wantedOf(
  kind: Exclude<Kind, 'setting' | 'text'>,
  entry: unknown,
  services: Services,
  line: number,
  report: Report,
  planned: PlannedSettings,
): Wanted[] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return []
  const { disabled = false, key, ...rest } = entry as Record<string, unknown>
  if (kind === 'resource') {
    const fields = complete(services.resources, entry as Fields, report)
    return fields ? [{ kind, name: String(fields.identifier), fields, line }] : []
  }
  if (isDescribed(kind)) {
    const service = services[`${kind}s`]
    const fields = complete(service, entry as Fields, report)
    const onlyToCreate = service.leftToCreation?.(entry as Fields) ?? []
    return fields ? [{ kind, name: nameOf(kind, fields), fields, onlyToCreate, line }] : []
  }
  if (kind === 'provider') {
    const { client_secret_env: env, client_secret_file: file, client_secret: inClear, ...own } = rest
    if (inClear !== undefined) report(['client_secret'], t('admin.configuration.problem.in_clear'))
    if (env !== undefined && file !== undefined)
      report(['client_secret_file'], t('admin.configuration.problem.excludes'))
    const secret = typeof env === 'string' ? { env } : typeof file === 'string' ? { file } : undefined
    const fields = complete(
      { complete: (each) => services.providers.complete(each, { hasSecret: secret !== undefined }) },
      withKey(own, key),
      report,
    )
    return fields
      ? [{ kind, name: String(fields.id), fields: { ...fields, disabled }, line, ...(secret && { secret }) }]
      : []
  }
  const { client_id: clientId, software_id: software, client_secret: inClear, ...own } = rest
  if (inClear !== undefined) report(['client_secret'], t('admin.configuration.problem.made'))
  if (software !== undefined) report(['software_id'], t('admin.configuration.problem.software'))
  if (key === undefined && clientId === undefined) report([], t('admin.configuration.problem.needs_key'))
  const fields = complete(
    { complete: (each) => services.clients.complete(each, planned) },
    own,
    (field, message) =>
      report(field, message.replace(/^is not known; the fields are /, `$&${OF_CLIENTS_HERE.join(', ')}, `)),
  )
  const name = key ?? clientId
  if (fields === undefined || typeof name !== 'string') return []
  return [
    {
      kind,
      name,
      ...(typeof clientId === 'string' && { clientId }),
      fields: { ...fields, ...(typeof key === 'string' && { key }), disabled },
      onlyToCreate: services.clients.leftToCreation?.(own, planned) ?? [],
      line,
    },
  ]
}

/** Fields of a client that only a file has. */
const OF_CLIENTS_HERE = ['key', 'client_id', 'disabled']

const withKey = (fields: Fields, key: unknown): Fields => (key === undefined ? fields : { ...fields, key })

/** Undefined: refused, and told. */
function complete(
  service: { complete(entry: Fields): Fields },
  entry: Fields,
  report: Report,
): Fields | undefined {
  try {
    return service.complete(entry)
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    for (const { field, message } of error.problems) report(placeOf(field, entry), message)
    return undefined
  }
}

/** Of a provider, its service names a setting by itself. */
function placeOf(field: string, entry: Fields): Path {
  const { settings } = entry
  const ofSettings = typeof settings === 'object' && settings !== null && Object.hasOwn(settings, field)
  return ofSettings && !Object.hasOwn(entry, field) ? ['settings', field] : [field]
}
