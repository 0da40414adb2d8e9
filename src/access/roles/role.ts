/** A role as administrators see it, and what one may be. */
import { t } from '../../shared/locales/texts.ts'
import { type FieldProblem, refusedFields } from '../../shared/validation-error.ts'
import { type Content, parseContent } from '../fields/field.ts'
import { type RoleField, roleFields } from '../fields/table.ts'

/** What a role is described with (../fields/table.ts), and stored as: empty where there is none. */
export type RoleContent = Content<RoleField>

/** A named set of the scopes of one API; without an API, a name that apps are told. */
export interface Role extends Omit<RoleContent, 'resource' | 'scope'> {
  id: string
  /** The resource indicator of its API; absent: it belongs to none. */
  resource?: string
  /** Space-separated, of the scopes of its API; absent: none. */
  scope?: string
  /** Milliseconds since the epoch. */
  createdAt: number
  /** Raised by each change. */
  version: number
}

export const noApi = (): string => t('admin.access.role.no_api_found')

/**
 * @param scopeOf the scope values of an API, separated by spaces; undefined: there is no such API
 * @throws ValidationError (invalid_fields, 422) with every problem at once
 */
export async function parseRole(
  input: Readonly<Record<string, unknown>>,
  before: RoleContent | undefined,
  scopeOf: (resource: string) => Promise<string | undefined>,
): Promise<RoleContent> {
  const content = parseContent(roleFields, input, before)
  const problems: FieldProblem[] = []
  if (before !== undefined && content.resource !== before.resource)
    problems.push({
      field: 'resource',
      message: t('admin.access.role.api_fixed'),
    })
  const registered = content.resource === '' ? '' : await scopeOf(content.resource)
  if (registered === undefined) problems.push({ field: 'resource', message: noApi() })
  else {
    const known = new Set(registered.split(' '))
    const foreign = content.scope.split(' ').filter((each) => each !== '' && !known.has(each))
    if (foreign.length > 0)
      problems.push({
        field: 'scope',
        message:
          content.resource === ''
            ? t('admin.access.role.scopes_without_api')
            : t('admin.access.role.scope_unknown', {
                scopes: foreign.join(', ').slice(0, 200),
                known: registered.slice(0, 500),
              }),
      })
  }
  if (problems.length > 0) throw refusedFields(problems)
  return content
}
