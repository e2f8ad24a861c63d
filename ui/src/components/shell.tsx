import { ActionIcon, Box, Container, Group, Menu, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import {
  IconActivity,
  IconCalendarMonth,
  IconCalendarTime,
  IconChartBar,
  IconHeartRateMonitor,
  IconLogout,
  IconServer,
  IconStack2,
  IconUser,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { client, unwrap } from "../api/client";
import { useActor } from "../api/queries";
import { Logo } from "./logo";
import { tellProblem } from "./notices";
import { ReadinessLight } from "./readiness";

const PLACES = [
  { href: "/schedules", label: "Schedules", icon: IconCalendarTime },
  { href: "/runs", label: "Runs", icon: IconActivity },
  { href: "/forecast", label: "Forecast", icon: IconChartBar },
  { href: "/calendars", label: "Calendars", icon: IconCalendarMonth },
  { href: "/tasks", label: "Tasks", icon: IconStack2 },
  { href: "/workers", label: "Workers", icon: IconServer },
  { href: "/system", label: "System", icon: IconHeartRateMonitor },
];

function Navigation() {
  const [location] = useLocation();
  return PLACES.map(({ href, label, icon: Icon }) => (
    <Link
      key={href}
      href={href}
      className="nav-link"
      aria-current={location === href || location.startsWith(`${href}/`) ? "page" : undefined}
    >
      <Icon size={18} stroke={1.8} aria-hidden />
      {label}
    </Link>
  ));
}

function PersonMenu() {
  const actor = useActor();
  const cache = useQueryClient();
  const [, navigate] = useLocation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();

  const signOut = async () => {
    try {
      await unwrap(client.DELETE("/session"));
      navigate("/sign-in");
      cache.clear();
    } catch (error) {
      tellProblem(error);
    }
  };

  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon size="lg" radius="xl" variant="default" aria-label="Your session and appearance">
          <IconUser size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{actor.data ? `Signed in (${actor.data})` : "Signed in"}</Menu.Label>
        <Box px={8} pb={8}>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label="Appearance"
            value={colorScheme}
            onChange={setColorScheme}
            data={[
              { value: "auto", label: "System" },
              { value: "light", label: "Light" },
              { value: "dark", label: "Dark" },
            ]}
          />
        </Box>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={signOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The frame of every page: brand, navigation (at the bottom on a phone), readiness, and the person's menu. */
export function Shell({ children }: { children: ReactNode }) {
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <header className="header">
        <Container size="xl" h={60}>
          <Group h="100%" justify="space-between" wrap="nowrap">
            <Group gap="lg" wrap="nowrap">
              <Link href="/schedules" className="brand">
                <Logo size={28} />
                Punctual
              </Link>
              <Group component="nav" aria-label="Main" gap={4} visibleFrom="sm" wrap="nowrap">
                <Navigation />
              </Group>
            </Group>
            <Group gap="xs" wrap="nowrap">
              <ReadinessLight />
              <PersonMenu />
            </Group>
          </Group>
        </Container>
      </header>
      <Container component="main" id="main" tabIndex={-1} size="xl" pt="lg" pb={{ base: 110, sm: 64 }}>
        {children}
      </Container>
      <Box component="nav" aria-label="Main" className="bottom-nav" hiddenFrom="sm">
        <Navigation />
      </Box>
    </>
  );
}
