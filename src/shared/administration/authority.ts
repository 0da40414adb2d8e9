import { currentAuditContext } from '../audit-context.ts'
import { type Limit, needsOf, PERMISSIONS, type Permission } from './permissions.ts'

/** What a role reaches, where it does not reach everything. */
export type Scope = { kind: 'organization'; id: string } | { kind: 'clients'; ids: readonly string[] }

/** What a person may do in console and administration API, by their role. */
export interface Authority {
  /** All of it: an administrator, the command line. */
  full: boolean
  permissions: ReadonlySet<Permission>
  /** Undefined: everything that the permissions name. */
  scope?: Scope | undefined
}

const ALL = Object.keys(PERMISSIONS) as Permission[]

export const FULL: Authority = { full: true, permissions: new Set(ALL) }
/** Sees everything. */
export const AUDITOR: Authority = {
  full: false,
  permissions: new Set(ALL.filter((name) => needsOf(name) === 'read')),
}
export const NONE: Authority = { full: false, permissions: new Set() }

/** Whether an authority has a permission at a place that keeps to `within`; undefined: the place shows everything. */
export const may = (authority: Authority, permission: Permission, within?: Limit): boolean =>
  authority.full ||
  (authority.permissions.has(permission) &&
    (authority.scope === undefined || authority.scope.kind === within))

/** Whether one authority holds everything that another does: who has it may give the other, and change whom it is given to. */
export function covers(authority: Authority, other: Authority): boolean {
  if (authority.full) return true
  if (other.full || ![...other.permissions].every((name) => authority.permissions.has(name))) return false
  const { scope } = authority
  if (scope === undefined || other.permissions.size === 0) return true
  if (scope.kind === 'organization')
    return other.scope?.kind === 'organization' && other.scope.id === scope.id
  return other.scope?.kind === 'clients' && other.scope.ids.every((id) => scope.ids.includes(id))
}

/** The authority of the running request, once its guard has let it in; the command line and jobs have all of it. */
export function currentAuthority(): Authority {
  const context = currentAuditContext()
  if (context === undefined || context.actor.kind === 'command_line' || context.actor.kind === 'server')
    return FULL
  return context.authority ?? NONE
}

/** Sets the authority of the current context. */
export function setAuthority(authority: Authority): void {
  const context = currentAuditContext()
  if (context) context.authority = authority
}
