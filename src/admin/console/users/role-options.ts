import type { FastifyRequest } from 'fastify'
import { t } from '../../../shared/locales/texts.ts'
import { administratorOf } from '../context.ts'
import type { UsersDependencies } from './routes.ts'

type Roles = Pick<UsersDependencies, 'administratorRoles'>

/** Roles to choose from. @param defined those of administrators too: not for who may not read them */
export const roleOptions = async ({ administratorRoles }: Roles, defined = true) => [
  { value: 'user', label: t('admin.users.one') },
  { value: 'auditor', label: t('admin.users.role.auditor') },
  { value: 'admin', label: t('admin.users.tag.admin') },
  ...(defined ? await administratorRoles.list() : []).map(({ id, name }) => ({
    value: id,
    label: t('admin.users.role.defined', { name }),
  })),
]

/**
 * Those of a form: what the administrator may give, and no other role's name. Undefined: they give none, or may not take the one that is there.
 * @param current the role of the person
 */
export async function givableRoles(request: FastifyRequest, deps: Roles, current = 'user') {
  if (!administratorOf(request).authority.permissions.has('user.set_role')) return undefined
  const [options, givable] = await Promise.all([roleOptions(deps), deps.administratorRoles.givable()])
  return givable.has(current) ? options.filter(({ value }) => givable.has(value)) : undefined
}
