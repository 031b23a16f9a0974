"""The integration layer: back ends behind one port."""
