/** secret: what our own code passes to a constructor to wrap an object that is there; no application can have it. */
export const secret = Symbol('ouro');
