/** Roles of an organization as boxes of a form. They have names of their own: a form of ours holds no field twice. */
const BOX = 'roles.'

export interface RoleBox {
  name: string
  label: string
  checked: boolean
}

export const boxesOf = (roles: readonly string[], values: Readonly<Record<string, string>>): RoleBox[] =>
  roles.map((role) => {
    const name = boxOf(role)
    return { name, label: role, checked: Object.hasOwn(values, name) }
  })

export const boxOf = (role: string): string => `${BOX}${role}`

/** Those whose boxes were ticked. */
export const rolesIn = (sent: Readonly<Record<string, string>>): string[] =>
  Object.keys(sent).flatMap((name) => (name.startsWith(BOX) ? [name.slice(BOX.length)] : []))
